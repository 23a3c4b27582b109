/** Kubeconfig files (pure). JSON is YAML, and the API's clients take it. */

export type Credentials =
  | { readonly certificate: string; readonly key: string }
  | { readonly token: string }
  | { readonly tokenFile: string };

/** `authority`, certificate and key are paths of files. */
export const kubeconfig = (server: string, authority: string, who: Credentials): string =>
  `${JSON.stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "cluster", cluster: { server, "certificate-authority": authority } }],
      users: [{ name: "user", user: userOf(who) }],
      contexts: [{ name: "cluster", context: { cluster: "cluster", user: "user" } }],
      "current-context": "cluster",
    },
    null,
    2,
  )}\n`;

const userOf = (who: Credentials): object => {
  if ("token" in who) return { token: who.token };
  if ("tokenFile" in who) return { tokenFile: who.tokenFile };
  return { "client-certificate": who.certificate, "client-key": who.key };
};
