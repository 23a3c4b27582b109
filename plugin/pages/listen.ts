/** /healthz, /readyz and /metrics: the only listening sockets. No page asks anybody but this process and the kernel. */
import { createServer, type ServerResponse } from "node:http";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Listen } from "./place.ts";

export type Pages = {
  /** Why not, in a sentence; undefined where all is well. */
  readonly health?: () => string | undefined;
  readonly readiness?: () => string | undefined;
  readonly metrics?: () => Promise<{ readonly type: string; readonly text: string }>;
};

const againMs = 5_000;

/** A port that is taken is tried again, and nothing else waits for it: a former agent may be about to end. */
export function listen(
  { host, port }: Listen,
  pages: Pages,
  log: Log,
  signal: AbortSignal,
  option = "--listen",
): void {
  const server = createServer((request, response) => {
    void answer(request.method ?? "", request.url ?? "", pages, response).catch((error: unknown) => {
      log("error", `${request.url}: ${messageOf(error)}`);
      end(response, 500, "text/plain", messageOf(error));
    });
  });
  const names = namesOf(pages);
  let last: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  server.on("listening", () => {
    if (last !== undefined) log("info", `now listening on ${host}:${port} for ${names}`);
    last = undefined;
  });
  server.on("error", (error) => {
    const said = messageOf(error);
    if (said !== last)
      log(
        "error",
        `cannot listen on ${host}:${port} for ${names}: ${said}; trying again every ${againMs / 1000} s. Until then requests there reach another process or none; ${option} sets another address`,
      );
    last = said;
    timer = setTimeout(() => server.listen(port, host), againMs);
  });
  server.listen(port, host);
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    server.close();
    server.closeAllConnections();
  });
}

async function answer(method: string, url: string, pages: Pages, response: ServerResponse): Promise<void> {
  if (method !== "GET" && method !== "HEAD") return end(response, 405, "text/plain", "GET only");
  switch (url.replace(/\?.*/, "")) {
    case "/healthz":
      if (pages.health === undefined) break;
      return state(response, pages.health());
    case "/readyz":
      if (pages.readiness === undefined) break;
      return state(response, pages.readiness());
    case "/metrics": {
      if (pages.metrics === undefined) break;
      const { type, text } = await pages.metrics();
      return end(response, 200, type, text);
    }
    default:
  }
  end(response, 404, "text/plain", `not found; the pages are ${namesOf(pages)}`);
}

function namesOf({ health, readiness, metrics }: Pages): string {
  const names = [
    ...(health === undefined ? [] : ["/healthz"]),
    ...(readiness === undefined ? [] : ["/readyz"]),
    ...(metrics === undefined ? [] : ["/metrics"]),
  ];
  return [names.slice(0, -1).join(", "), names.at(-1)].filter((part) => part !== "").join(" and ");
}

function state(response: ServerResponse, fault: string | undefined): void {
  end(response, fault === undefined ? 200 : 503, "text/plain", fault ?? "ok");
}

function end(response: ServerResponse, code: number, type: string, text: string): void {
  response.writeHead(code, { "content-type": type }).end(text.endsWith("\n") ? text : `${text}\n`);
}
