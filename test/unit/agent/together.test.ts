import { expect, it } from "vitest";
import { together } from "../../../plugin/agent/together.ts";

it("asks the others to end where one fails, and throws once they have ended", async () => {
  const ending = new AbortController();
  const seen: string[] = [];
  const other = new Promise<void>((resolve) => {
    ending.signal.addEventListener("abort", () =>
      setTimeout(() => {
        seen.push("the other has ended");
        resolve();
      }, 20),
    );
  });
  const works = [Promise.reject(new Error("no permission")), other];
  await together(works, () => ending.abort()).catch((error: unknown) => seen.push(String(error)));
  expect(seen).toEqual(["the other has ended", "Error: no permission"]);
});

it("asks nobody to end where all end well", async () => {
  let asked = false;
  await together([Promise.resolve(), Promise.resolve()], () => (asked = true));
  expect(asked).toBe(false);
});
