/**
 * An API server for what a real one will not do on command. It keeps a log of objects as etcd does, lists and watches from
 * it at any version, and does as it is told for single requests: `next` answers instead of it.
 */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";

export type Entry = {
  readonly version: number;
  readonly path: string;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: FakeObject;
};

export type FakeObject = {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly [key: string]: unknown;
  };
  readonly [key: string]: unknown;
};

export type Seen = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  /** performance.now() */
  readonly at: number;
};

export type Answering = (response: ServerResponse, seen: Seen) => unknown;

export type FakeApi = {
  readonly port: number;
  readonly seen: readonly Seen[];
  /** Of requests that come; watches by "watch", lists by "list". */
  readonly next: (kind: "list" | "watch" | "any", answer: Answering, times?: number) => void;
  readonly put: (
    path: string,
    name: string,
    more?: Readonly<Record<string, unknown>> & {
      readonly uid?: string;
      readonly metadata?: Readonly<Record<string, unknown>>;
    },
  ) => number;
  /** Without a namespace: the first of that name. */
  readonly remove: (path: string, name: string, namespace?: string) => number;
  /** To every open watch. */
  readonly bookmark: () => void;
  /** Versions before this one are forgotten, as after a compaction. */
  readonly forget: () => void;
  /** A replica that is behind: it knows nothing newer. Undefined: up to date. */
  readonly behind: (version: number | undefined) => void;
  readonly serve: (path: string, isServed: boolean) => void;
  /** What a GET of this path is answered with, or who answers it; undefined: as usual. */
  readonly give: (path: string, answer: object | Answering | undefined) => void;
  /** Only this token is known from now on. */
  readonly allow: (token: string) => void;
  readonly version: () => number;
  readonly watches: () => readonly ServerResponse[];
  /** Connections are reset. */
  readonly cut: () => void;
  /** May be called twice. */
  readonly stop: () => Promise<void>;
};

export type FakeOptions = {
  readonly cert: string;
  readonly key: string;
  readonly paths: readonly string[];
  readonly port?: number;
};

export async function fakeApi({ cert, key, paths, port = 0 }: FakeOptions): Promise<FakeApi> {
  const log: Entry[] = [];
  const seen: Seen[] = [];
  const served = new Set(paths);
  const given = new Map<string, object | Answering | undefined>();
  const orders: { kind: "list" | "watch" | "any"; answer: Answering; times: number }[] = [];
  const watches = new Map<ServerResponse, { readonly path: string; sent: number }>();
  const sockets = new Set<Socket>();
  let version = 100;
  let oldest = 0;
  let behind: number | undefined;
  let allowed: string | undefined;

  const now = (): number => behind ?? version;
  const objectsAt = (path: string, at: number): readonly FakeObject[] => {
    const objects = new Map<string, FakeObject>();
    for (const entry of log.filter((one) => one.path === path && one.version <= at)) {
      const { namespace = "", name } = entry.object.metadata;
      if (entry.type === "DELETED") objects.delete(`${namespace}/${name}`);
      else objects.set(`${namespace}/${name}`, entry.object);
    }
    return [...objects.values()];
  };
  const presentOf = (path: string, name: string, namespace: string | undefined): FakeObject | undefined =>
    objectsAt(path, version).find(
      ({ metadata }) =>
        metadata.name === name && (namespace === undefined || metadata.namespace === namespace),
    );
  const append = (path: string, type: Entry["type"], object: FakeObject): number => {
    log.push({ version, path, type, object });
    feed();
    return version;
  };
  const feed = (): void => {
    for (const [response, watch] of watches) {
      for (const entry of log) {
        if (entry.path !== watch.path || entry.version <= watch.sent || entry.version > now()) continue;
        watch.sent = entry.version;
        response.write(line(entry.type, entry.object));
      }
    }
  };

  const list = (path: string, query: URLSearchParams, response: ServerResponse): void => {
    const asked = query.get("resourceVersion") ?? "";
    const at = asked === "" ? version : now();
    if (asked !== "" && Number(asked) > at) return refuse(response, 504, tooLarge(asked, at));
    const items = objectsAt(path, at);
    const limit = asked === "" ? Number(query.get("limit") ?? items.length) : items.length;
    const from = Number(query.get("continue") ?? 0);
    const page = items.slice(from, from + limit);
    const rest = from + limit < items.length ? { continue: String(from + limit) } : {};
    reply(response, 200, { kind: "List", metadata: { resourceVersion: String(at), ...rest }, items: page });
  };

  const watch = (path: string, query: URLSearchParams, response: ServerResponse): void => {
    const sent = Number(query.get("resourceVersion"));
    response.writeHead(200, { "Content-Type": "application/json" });
    response.flushHeaders();
    if (sent < oldest) return void response.end(line("ERROR", expired(sent, oldest)));
    watches.set(response, { path, sent });
    response.on("close", () => watches.delete(response));
    const seconds = Number(query.get("timeoutSeconds"));
    setTimeout(() => response.end(), seconds * 1000).unref();
    feed();
  };

  const server = createServer({ cert, key }, (request, response) => {
    void bodyOf(request).then((body) => {
      const { pathname: path, searchParams: query } = new URL(request.url ?? "/", "https://fake");
      const { method = "", headers } = request;
      const one: Seen = { method, path, query, headers, body, at: performance.now() };
      seen.push(one);
      const kind = query.has("watch") ? "watch" : "list";
      const order = orders.find((waiting) => waiting.kind === kind || waiting.kind === "any");
      if (order !== undefined) {
        order.times -= 1;
        if (order.times === 0) orders.splice(orders.indexOf(order), 1);
        return order.answer(response, one);
      }
      if (allowed !== undefined && headers.authorization !== `Bearer ${allowed}`)
        return refuse(response, 401, { reason: "Unauthorized", message: "Unauthorized" });
      const whole = given.get(path);
      if (isAnswering(whole)) return whole(response, one);
      if (whole !== undefined) return reply(response, 200, whole);
      if (!served.has(path)) return refuse(response, 404, notFound);
      return kind === "watch" ? watch(path, query, response) : list(path, query, response);
    });
  });
  // What is idle stays open: a test takes as long as the machine does.
  server.keepAliveTimeout = 600_000;
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const cut = (): void => sockets.forEach((socket) => void socket.resetAndDestroy());

  return {
    port: (server.address() as AddressInfo).port,
    seen,
    next: (kind, answer, times = 1) => void orders.push({ kind, answer, times }),
    put: (path, name, { uid, metadata, ...more } = {}) => {
      const { namespace = usualNamespace } = metadata ?? {};
      const known = presentOf(path, name, String(namespace));
      version += 1;
      const identity = {
        namespace: usualNamespace,
        name,
        uid: uid ?? known?.metadata.uid ?? `${name}-${version}`,
      };
      const object = { metadata: { ...identity, ...metadata, resourceVersion: String(version) }, ...more };
      return append(path, known === undefined ? "ADDED" : "MODIFIED", object);
    },
    remove: (path, name, namespace) => {
      const known = presentOf(path, name, namespace);
      if (known === undefined) throw new Error(`no ${name} at ${path}`);
      version += 1;
      return append(path, "DELETED", {
        ...known,
        metadata: { ...known.metadata, resourceVersion: String(version) },
      });
    },
    bookmark: () => {
      const metadata = { resourceVersion: String(now()), name: "", uid: "" };
      for (const response of watches.keys()) response.write(line("BOOKMARK", { metadata }));
    },
    forget: () => {
      version += 1;
      oldest = version;
    },
    behind: (at) => {
      behind = at;
      feed();
    },
    serve: (path, isServed) => void (isServed ? served.add(path) : served.delete(path)),
    give: (path, answer) => void given.set(path, answer),
    allow: (token) => (allowed = token),
    version: () => version,
    watches: () => [...watches.keys()],
    cut,
    stop: async () => {
      cut();
      if (!server.listening) return;
      server.close();
      await once(server, "close");
    },
  };
}

/** Of what is put without one. */
const usualNamespace = "ns";

function isAnswering(given: object | Answering | undefined): given is Answering {
  return typeof given === "function";
}

export function reply(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(JSON.stringify(body));
}

/** As the API says it. */
export function refuse(
  response: ServerResponse,
  status: number,
  said: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  reply(
    response,
    status,
    { kind: "Status", apiVersion: "v1", status: "Failure", ...said, code: status },
    headers,
  );
}

export function line(type: string, object: object): string {
  return `${JSON.stringify({ type, object })}\n`;
}

export function expired(at: number, oldest: number): object {
  const message = `too old resource version: ${at} (${oldest})`;
  return { kind: "Status", status: "Failure", reason: "Expired", message, code: 410 };
}

function tooLarge(asked: string, at: number): object {
  return {
    reason: "Timeout",
    message: `Too large resource version: ${asked}, current: ${at}`,
    details: { retryAfterSeconds: 1, causes: [{ reason: "ResourceVersionTooLarge" }] },
  };
}

const notFound = { reason: "NotFound", message: "the server could not find the requested resource" };

async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString();
}
