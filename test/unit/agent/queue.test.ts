/** What the agent does when: first at once, the rest together, two at a time, failures later and later. */
import { describe, expect, it } from "vitest";
import {
  ask,
  emptyQueue,
  end,
  lengthOf,
  nextMs,
  ready,
  start,
  type Queue,
} from "../../../plugin/agent/queue.ts";

const asking = (keys: readonly string[], at = 0, queue: Queue = emptyQueue): Queue =>
  keys.reduce((all, key) => ask(all, key, `why ${key}`, at), queue);

const starting = (queue: Queue, at: number): Queue =>
  ready(queue, at).reduce((all, key) => start(all, key, at), queue);

const doing = (queue: Queue, at: number, outcome: "done" | "failed" | "over" = "done"): Queue =>
  ready(queue, at).reduce((all, key) => end(start(all, key, at), key, outcome, "again", at), queue);

describe("a queue", () => {
  it("starts the first change of a thing at once", () => {
    expect(ready(asking(["a"], 5), 5)).toEqual(["a"]);
  });

  it("puts what follows within 200 ms of a start together into one", () => {
    const busy = starting(asking(["a"], 0), 0);
    const more = ask(ask(busy, "a", "one", 50), "a", "two", 150);
    const done = end(more, "a", "done", "", 160);
    expect([ready(done, 199), nextMs(done), ready(done, 200)]).toEqual([[], 200, ["a"]]);
    expect(done.get("a")?.why).toEqual(["one", "two"]);
    expect(ready(doing(done, 200), 10_000)).toEqual([]);
  });

  it("starts a change that comes later at once again", () => {
    const done = doing(asking(["a"], 0), 0);
    expect(ready(ask(done, "a", "later", 250), 250)).toEqual(["a"]);
  });

  it("does two at a time, those that wait longest first, and never one thing twice at once", () => {
    const queue = asking(["c"], 1, asking(["b"], 2, asking(["a"], 0)));
    expect(ready(queue, 5)).toEqual(["a", "c"]);
    const busy = starting(queue, 5);
    expect(ready(busy, 5)).toEqual([]);
    const again = ask(busy, "a", "new", 300);
    expect(ready(end(again, "c", "done", "", 300), 300)).toEqual(["b"]);
    expect(ready(end(again, "a", "done", "", 300), 300)).toEqual(["b"]);
    expect(lengthOf(again)).toBe(3);
  });

  it("does what is asked for at once before all that can wait, however long that has waited", () => {
    const looks = ["a", "b", "c"].reduce((all, key) => ask(all, key, "its turn", 0, 10), emptyQueue);
    const queue = asking(["d"], 500, looks);
    expect(ready(queue, 500)).toEqual(["d", "a"]);
    expect(ready(ask(queue, "c", "new", 500), 500)).toEqual(["c", "d"]);
    // Once done it is like the others.
    const done = doing(queue, 500);
    expect(ready(ask(done, "d", "its turn", 800, 10), 900)).toEqual(["b", "c"]);
  });

  it("tries what failed again after 1 s, twice as long each time, 5 minutes at most", () => {
    let queue = asking(["a"], 0);
    let at = 0;
    const waits = Array.from({ length: 11 }, () => {
      queue = doing(queue, at, "failed");
      const next = nextMs(queue) ?? Number.NaN;
      const wait = next - at;
      at = next;
      return wait / 1000;
    });
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    queue = doing(queue, at);
    expect(nextMs(queue)).toBeUndefined();
    expect(nextMs(doing(ask(queue, "a", "b", at + 500), at + 500, "failed"))).toBe(at + 1500);
  });

  it("does not let what failed wait once there is something new", () => {
    const failed = doing(doing(asking(["a"], 0), 0, "failed"), 1000, "failed");
    expect(ready(ask(failed, "a", "new", 1500), 1500)).toEqual(["a"]);
  });

  it("forgets what is over, unless it was asked for meanwhile", () => {
    const busy = starting(asking(["a"], 0), 0);
    expect(end(busy, "a", "over", "", 10).size).toBe(0);
    expect(nextMs(end(ask(busy, "a", "new", 5), "a", "over", "", 10))).toBe(200);
  });

  it("forgets what is done, once nothing is put together with it", () => {
    const keys = Array.from({ length: 1000 }, (_, at) => `decide podnet/${at}@eth0`);
    const done = keys.reduce((queue, key, at) => doing(ask(queue, key, "x", at * 100), at * 100), emptyQueue);
    expect(done.size).toBeLessThan(5);
    expect([...ask(done, "new", "x", 1_000_000).keys()]).toEqual(["new"]);
  });

  it("lets wait what may, and no longer than what comes before", () => {
    const queue = ask(emptyQueue, "a", "start", 0, 4000);
    expect([ready(queue, 3999), ready(queue, 4000)]).toEqual([[], ["a"]]);
    expect(ready(ask(queue, "a", "conf", 100), 100)).toEqual(["a"]);
  });
});
