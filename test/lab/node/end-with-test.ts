import { onTestFinished } from "vitest";
import type { Running } from "./process.ts";

/** What a test that fails has not ended is ended with it: a second try finds ports and processors free. */
export const endWithTest = (running: Running): Running => {
  onTestFinished(async () => {
    running.kill();
    await running.done;
  });
  return running;
};
