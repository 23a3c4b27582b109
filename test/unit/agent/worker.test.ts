/** What does the work of the queue. */
import { expect, it } from "vitest";
import { startWorker } from "../../../plugin/agent/worker.ts";

it("tells what was thrown unforeseen, and tries again", async () => {
  const told: string[] = [];
  let tries = 0;
  const done = Promise.withResolvers<void>();
  const worker = startWorker(
    (key) => {
      tries += 1;
      if (tries === 1) return Promise.reject(new Error("no such thing"));
      done.resolve();
      return Promise.resolve({ outcome: "done", why: key });
    },
    (key, error) => told.push(`${key}: ${String(error)}`),
  );
  worker.ask("decide a", "test");
  await done.promise;
  await worker.stop();
  expect([told, tries, worker.length()]).toEqual([["decide a: Error: no such thing"], 2, 0]);
});
