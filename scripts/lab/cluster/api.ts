/** The API server asked by REST, by somebody with a certificate or a token. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import { text } from "node:stream/consumers";
import { ClusterError } from "./errors.ts";
import type { Credentials } from "./kubeconfig.ts";
import { readLines } from "./lines.ts";

export type Api = {
  /** Whatever the answer is. */
  readonly ask: (method: string, path: string, body?: Body) => Promise<Answer>;
  /** These throw an ApiError for any status but a good one. */
  readonly get: <Kind extends KubeObject>(path: string) => Promise<Kind>;
  readonly create: <Kind extends KubeObject>(path: string, object: object) => Promise<Kind>;
  /** By JSON merge patch: null takes a key away. */
  readonly patch: <Kind extends KubeObject>(path: string, change: object) => Promise<Kind>;
  readonly remove: (path: string, options?: object) => Promise<void>;
  /** Until the server or the signal ends it; throws when it cannot be begun. */
  readonly watch: (path: string, onEvent: (event: WatchEvent) => void, signal: AbortSignal) => Promise<void>;
  readonly close: () => void;
};

export type Body = { readonly type?: string; readonly value: unknown };

export type Answer = { readonly status: number; readonly body: KubeObject };

export type WatchEvent = {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: KubeObject;
};

/** What all objects have; a list has `items`, an error `message`. */
export type KubeObject = {
  readonly kind?: string;
  readonly metadata: Metadata;
  readonly items?: readonly KubeObject[];
  readonly message?: string;
  readonly code?: number;
};

export type Metadata = {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly deletionTimestamp?: string;
};

export class ApiError extends ClusterError {
  readonly status: number;

  constructor(method: string, path: string, { status, body }: Answer) {
    super(`${method} ${path}: ${status} ${body.message ?? JSON.stringify(body)}`);
    this.status = status;
  }
}

export const connectApi = (server: string, authority: string, who: Credentials): Api => {
  const agent = new Agent({ keepAlive: true, ca: readFileSync(authority), ...clientCertificate(who) });
  const send = (
    method: string,
    path: string,
    body?: Body,
    signal?: AbortSignal,
  ): Promise<IncomingMessage> => {
    const payload = body === undefined ? undefined : JSON.stringify(body.value);
    const request = httpsRequest(new URL(path, server), {
      agent,
      method,
      headers: { ...bearer(who), ...(payload === undefined ? {} : contentHeaders(payload, body?.type)) },
      ...(signal === undefined ? {} : { signal }),
    });
    // What is cut after the response has begun is told by the response.
    request.on("error", () => undefined);
    request.end(payload);
    return once(request, "response").then(([response]) => response as IncomingMessage);
  };
  const ask: Api["ask"] = async (method, path, body) => {
    const response = await send(method, path, body);
    return { status: response.statusCode ?? 0, body: parsed(await text(response)) };
  };
  const must = async <Kind extends KubeObject>(method: string, path: string, body?: Body): Promise<Kind> => {
    const answer = await ask(method, path, body);
    if (answer.status >= 300) throw new ApiError(method, path, answer);
    return answer.body as Kind;
  };
  return {
    ask,
    get: (path) => must("GET", path),
    create: (path, value) => must("POST", path, { value }),
    patch: (path, value) => must("PATCH", path, { type: "application/merge-patch+json", value }),
    remove: async (path, value = {}) => void (await must("DELETE", path, { value })),
    watch: async (path, onEvent, signal) => {
      const response = await send("GET", path, undefined, signal);
      const status = response.statusCode ?? 0;
      if (status !== 200) throw new ApiError("WATCH", path, { status, body: parsed(await text(response)) });
      await readLines(response, (line) => onEvent(JSON.parse(line) as WatchEvent));
    },
    close: () => agent.destroy(),
  };
};

const clientCertificate = (who: Credentials): object =>
  "certificate" in who ? { cert: readFileSync(who.certificate), key: readFileSync(who.key) } : {};

/** A file is read each time: its token is renewed. */
const bearer = (who: Credentials): Readonly<Record<string, string>> => {
  if ("certificate" in who) return {};
  const token = "token" in who ? who.token : readFileSync(who.tokenFile, "utf8").trim();
  return { authorization: `Bearer ${token}` };
};

const contentHeaders = (payload: string, type = "application/json"): Readonly<Record<string, string>> => ({
  "content-type": type,
  "content-length": String(Buffer.byteLength(payload)),
});

/** /readyz and its like answer in plain text. */
const parsed = (body: string): KubeObject => {
  try {
    return JSON.parse(body) as KubeObject;
  } catch {
    return { message: body, metadata: { name: "", uid: "", resourceVersion: "" } };
  }
};
