/** A certificate authority for tests, and a server's certificate by it. By openssl, for Node makes none. */
import { execaSync } from "execa";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export type Authority = {
  /** As a kubeconfig has it: base64. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
};

/** For 127.0.0.1, ::1 and localhost; its files lie in the folder. */
export function authority(folder: string): Authority {
  mkdirSync(folder, { recursive: true });
  const run = (...args: readonly string[]): void => void execaSync("openssl", args, { cwd: folder });
  const fresh = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout"];
  writeFileSync(join(folder, "names"), "subjectAltName=IP:127.0.0.1,IP:::1,DNS:localhost\n");
  run("req", "-x509", ...fresh, "ca.key", "-out", "ca.crt", "-subj", "/CN=test authority", "-days", "2");
  run("req", ...fresh, "server.key", "-out", "server.csr", "-subj", "/CN=test server");
  const by = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names"];
  run("x509", "-req", "-in", "server.csr", ...by, "-out", "server.crt", "-days", "2");
  const text = (name: string): string => readFileSync(join(folder, name), "utf8");
  return {
    ca: Buffer.from(text("ca.crt")).toString("base64"),
    cert: text("server.crt"),
    key: text("server.key"),
  };
}

/** What a kubeconfig holds; JSON is YAML. */
export function kubeconfig(
  server: string,
  cluster: Readonly<Record<string, unknown>>,
  user: Readonly<Record<string, unknown>>,
): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster: { server, ...cluster } }],
    users: [{ name: "agent", user }],
    contexts: [{ name: "test", context: { cluster: "test", user: "agent" } }],
    "current-context": "test",
  });
}
