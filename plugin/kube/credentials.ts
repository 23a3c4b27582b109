/** The API server's address and our credentials, read by client-node: it knows every kind of them. */
import type { Agent, RequestOptions } from "node:https";
import { readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { KubeConfig } from "@kubernetes/client-node/dist/config.js";
import * as z from "zod/mini";
import { messageOf } from "../errors.ts";
import { CredentialsError } from "./errors.ts";

/** `server` and `tls` identify a connection: with another CA or certificate a new one is made. */
export type Credentials = {
  readonly server: URL;
  readonly tls: Pick<RequestOptions, "ca" | "cert" | "key" | "servername" | "rejectUnauthorized">;
  readonly headers: Readonly<Record<string, string>>;
  /** Only where the kubeconfig names a proxy. */
  readonly proxy: Agent | undefined;
};

/** Gives the credentials as they are on disk now. */
export type ReadCredentials = () => Promise<Credentials>;

export type CredentialsSource = {
  /** In a cluster, with the pod's service account, when it is not given. */
  readonly kubeconfig?: string | undefined;
  /** A prefix for the path of the service account's files: where they are for a process outside the pod's mount namespace. */
  readonly root?: string | undefined;
};

export async function credentialsFrom(place: CredentialsSource): Promise<ReadCredentials> {
  const { KubeConfig: Config } = await import("@kubernetes/client-node/dist/config.js");
  // A program that gives credentials is asked again when they end, and client-node keeps them until then in its config.
  let kept: { readonly config: KubeConfig; readonly stamp: string } | undefined;
  const current = async (): Promise<KubeConfig> => {
    if (place.kubeconfig === undefined) return inCluster(new Config(), place.root ?? "");
    const { mtimeMs, size, ino } = await stat(place.kubeconfig);
    const stamp = `${mtimeMs} ${size} ${ino}`;
    if (kept?.stamp === stamp && kept.config.getCurrentUser()?.exec) return kept.config;
    const { parse } = await import("yaml");
    const parsed: unknown = parse(await readFile(place.kubeconfig, "utf8"));
    const config = fromFile(new Config(), place.kubeconfig, parsed);
    kept = { config, stamp };
    return config;
  };
  return async () => {
    try {
      return await credentialsOf(await current());
    } catch (error) {
      if (error instanceof CredentialsError) throw error;
      throw new CredentialsError(`${where(place)}: ${messageOf(error)}`, error);
    }
  };
}

function inCluster(config: KubeConfig, root: string): KubeConfig {
  for (const name of ["KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"]) {
    if (!process.env[name]) {
      throw new CredentialsError(
        `${name} is not set, so this is no pod: name a kubeconfig with --kubeconfig`,
      );
    }
  }
  config.loadFromCluster(root);
  return config;
}

function fromFile(config: KubeConfig, file: string, parsed: unknown): KubeConfig {
  config.loadFromString(JSON.stringify(withTokenFiles(parsed, dirname(file))));
  config.makePathsAbsolute(dirname(file));
  if (config.getCurrentCluster() === null) {
    throw new CredentialsError(
      `${file}: current-context ${JSON.stringify(config.getCurrentContext() ?? "")} names no cluster of this file`,
    );
  }
  return config;
}

/** client-node 2.0.1 looks for `token-file`, where kubeconfigs have `tokenFile`. A file wins over a token, as in kubectl. */
function withTokenFiles(parsed: unknown, folder: string): unknown {
  const config = Kubeconfig.parse(parsed);
  const users = config.users?.map(({ user, ...named }) => {
    if (user?.tokenFile === undefined) return { ...named, user };
    const { token: _, tokenFile, ...others } = user;
    const path = tokenFile.startsWith("/") ? tokenFile : `${folder}/${tokenFile}`;
    return {
      ...named,
      user: { ...others, "auth-provider": { name: "tokenFile", config: { tokenFile: path } } },
    };
  });
  return { ...config, users };
}

const Kubeconfig = z.looseObject({
  users: z.optional(
    z.nullable(
      z.array(
        z.looseObject({ user: z.optional(z.nullable(z.looseObject({ tokenFile: z.optional(z.string()) }))) }),
      ),
    ),
  ),
});

async function credentialsOf(config: KubeConfig): Promise<Credentials> {
  const cluster = config.getCurrentCluster();
  const server = new URL(cluster?.server ?? "");
  if (server.protocol !== "https:") {
    throw new CredentialsError(
      `the server ${server.href} is not https: credentials are not sent in the clear`,
    );
  }
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const { ca, cert, key, servername, rejectUnauthorized, auth, headers } = options;
  return {
    server,
    tls: defined({ ca, cert, key, servername, rejectUnauthorized }),
    headers: {
      ...(auth ? { Authorization: `Basic ${Buffer.from(auth).toString("base64")}` } : {}),
      ...Object.fromEntries(
        Object.entries(headers ?? {}).map(([name, value]) => [name, String(value).trim()]),
      ),
    },
    proxy: cluster?.proxyUrl === undefined ? undefined : (options.agent as Agent),
  };
}

function defined(options: RequestOptions): RequestOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function where({ kubeconfig }: CredentialsSource): string {
  return kubeconfig ?? "the pod's service account";
}
