/** The agent's pages where their port is taken, and what watches where it cannot look. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { listen } from "../../../plugin/pages/listen.ts";
import { watchDirectory } from "../../../plugin/state/watch-directory.ts";

it("a port that is taken is said once and tried again", { timeout: 30_000 }, async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const [ending, free, said] = [new AbortController(), Promise.withResolvers<void>(), [] as string[]];
  const log = (level: string, text: string): void => {
    said.push(`${level} ${text}`);
    if (level === "info") free.resolve();
  };
  const pages = {
    health: () => undefined,
    readiness: () => undefined,
    metrics: () => Promise.resolve({ type: "text/plain", text: "" }),
  };
  listen({ host: "127.0.0.1", port }, pages, log, ending.signal);
  setTimeout(() => other.close(), 6_000);
  await free.promise;
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  ending.abort();
  expect(said).toEqual([
    expect.stringMatching(/^error .*EADDRINUSE.*--listen/),
    expect.stringMatching(/^info /),
  ]);
});

it("what a look at a directory throws is told, and ends nothing", () => {
  const directory = mkdtempSync(join(tmpdir(), "pod-qos-watch-"));
  const ending = new AbortController();
  const told: unknown[] = [];
  const error = new Error("input/output error");
  const look = (): void => {
    throw error;
  };
  watchDirectory(directory, look, ending.signal, (each) => told.push(each));
  ending.abort();
  rmSync(directory, { recursive: true });
  expect(told).toEqual([error]);
});
