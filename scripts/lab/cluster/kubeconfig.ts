/** Kubeconfig files. JSON is YAML, and the API's clients take it. */
import { readFileSync } from "node:fs";
import type { Pair } from "./certificates.ts";

export type Credentials = Pair | { readonly token: string } | { readonly tokenFile: string };

/** Certificates and keys by their paths. */
export const kubeconfig = (server: string, authority: string, who: Credentials): string =>
  fileOf({ server, "certificate-authority": authority }, userOf(who));

/** With all in it: good on another machine. */
export const portableKubeconfig = (server: string, authority: string, who: Pair): string =>
  fileOf(
    { server, "certificate-authority-data": base64(authority) },
    { "client-certificate-data": base64(who.certificate), "client-key-data": base64(who.key) },
  );

const fileOf = (cluster: object, user: object): string =>
  `${JSON.stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "cluster", cluster }],
      users: [{ name: "user", user }],
      contexts: [{ name: "cluster", context: { cluster: "cluster", user: "user" } }],
      "current-context": "cluster",
    },
    null,
    2,
  )}\n`;

const userOf = (who: Credentials): object =>
  "certificate" in who ? { "client-certificate": who.certificate, "client-key": who.key } : who;

const base64 = (path: string): string => readFileSync(path).toString("base64");
