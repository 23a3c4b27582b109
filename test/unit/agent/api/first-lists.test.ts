import { expect, it } from "vitest";
import { createFirstLists } from "../../../../plugin/agent/api/first-lists.ts";

it("lists two at a time, the next when one is done or has ended, and none that has ended before its turn", () => {
  const lists = createFirstLists(2);
  const begun: string[] = [];
  const done = new Map<string, () => void>();
  const ends = new Map<string, AbortController>();
  for (const name of ["a", "b", "c", "d", "e"]) {
    const end = new AbortController();
    ends.set(name, end);
    lists.take(end.signal, (call) => {
      begun.push(name);
      done.set(name, call);
    });
  }
  expect(begun).toEqual(["a", "b"]);
  done.get("a")?.();
  done.get("a")?.();
  expect(begun).toEqual(["a", "b", "c"]);
  ends.get("d")?.abort();
  ends.get("b")?.abort();
  expect(begun).toEqual(["a", "b", "c", "e"]);
});
