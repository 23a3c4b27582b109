/** A resource followed through whatever a server does, by a fake server that does it on command. */
import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import { fakeSite, type Follower, follower, PATH, until } from "../../lab/agent/api-follower.ts";
import { expired, line, refuse, reply } from "../../lab/agent/fake-api.ts";

const lists = (seen: readonly { readonly query: URLSearchParams }[]): readonly string[] =>
  seen.filter(({ query }) => !query.has("watch")).map(({ query }) => query.get("resourceVersion") ?? "");
const watched = (seen: readonly { readonly query: URLSearchParams }[]): readonly string[] =>
  seen.filter(({ query }) => query.has("watch")).map(({ query }) => query.get("resourceVersion") ?? "");

/** Every wait is as long as it may be: 1, or as short: 0. */
const chanceIs = (chance: 0 | 1): unknown => vi.spyOn(Math, "random").mockReturnValue(chance);
const failures = (own: Follower): number => own.notices.filter(({ kind }) => kind === "failed").length;
const initializing = { reason: "TooManyRequests", message: "storage is (re)initializing" };

describe("a resource that is served", () => {
  it("is listed once and then watched: what is made, edited and deleted comes as it happens", async () => {
    await using site = await fakeSite();
    site.api.put(PATH, "a");
    await using own = await follower(site.kubeconfig);
    await until("a watch", () => site.api.watches().length === 1);
    site.api.put(PATH, "b");
    site.api.put(PATH, "b", { spec: { egress: [] } });
    site.api.remove(PATH, "a");
    await until("the deletion", () => own.said.includes("deleted a"));
    expect(own.said).toEqual(["added a", "added b", "changed b", "deleted a"]);
    expect(own.states).toEqual(["synced"]);
    expect([...own.now().items.keys()]).toEqual(["ns/b"]);
    expect(own.now()).toMatchObject({ isComplete: true, version: String(site.api.version()), message: "" });
    expect([lists(site.api.seen), watched(site.api.seen)]).toEqual([[""], ["101"]]);
  });

  it("in quiet is asked for nothing more: an orderly end goes on from the last bookmark, with no list", async () => {
    await using site = await fakeSite();
    site.api.put(PATH, "a");
    await using own = await follower(site.kubeconfig, {
      timing: { watchSeconds: { least: 1, most: 1 } },
    });
    await until("a watch", () => site.api.watches().length === 1);
    site.api.put("/elsewhere", "x");
    site.api.bookmark();
    await until("the next watch", () => watched(site.api.seen).length === 2);
    expect([lists(site.api.seen), watched(site.api.seen)]).toEqual([[""], ["101", "102"]]);
    expect(own.notices.filter(({ kind }) => kind === "failed")).toEqual([]);
  });

  it("that is long is read in pages where the list is exact", async () => {
    await using site = await fakeSite();
    for (let count = 0; count < 1_200; count++) site.api.put(PATH, `o${count}`);
    site.api.next("list", (response) => refuse(response, 410, { reason: "Expired" }));
    await using own = await follower(site.kubeconfig);
    await until("all objects", () => own.now().items.size === 1_200);
    expect(lists(site.api.seen)).toEqual(["", "", "", ""]);
  });

  it("is trimmed as it was asked for, and a trim that throws loses nothing", async () => {
    await using site = await fakeSite();
    site.api.put(PATH, "a", { spec: 1 });
    site.api.put(PATH, "b", { spec: 2 });
    await using own = await follower(site.kubeconfig, {
      trim: (object) => {
        if (object["spec"] === 2) throw new Error("not this one");
        return { metadata: object["metadata"] };
      },
    });
    await until("both", () => own.now().items.size === 2);
    expect(own.now().items.get("ns/a")).not.toHaveProperty("spec");
    expect(own.now().items.get("ns/b")).toHaveProperty("spec");
    expect(own.notices.map(({ kind }) => kind)).toContain("threw");
  });

  it("has a handler that throws: that is reported and ends nothing", async () => {
    await using site = await fakeSite();
    site.api.put(PATH, "a");
    await using own = await follower(site.kubeconfig, {
      onChange: () => {
        throw new Error("in the handler");
      },
    });
    await until("a watch", () => site.api.watches().length === 1);
    site.api.put(PATH, "b");
    await until("the event", () => own.said.includes("added b"));
    expect(own.notices.filter(({ kind }) => kind === "threw")).toHaveLength(2);
    expect(lists(site.api.seen)).toEqual([""]);
  });
});

describe("a version that is too old", () => {
  it("by an ERROR event is listed not older than what is known, and the difference comes out", async () => {
    await using site = await fakeSite();
    site.api.put(PATH, "a");
    site.api.put(PATH, "b", { uid: "old" });
    await using own = await follower(site.kubeconfig);
    await until("a watch", () => site.api.watches().length === 1);
    site.api.next("watch", (response) => response.socket?.destroy());
    site.api.cut();
    site.api.remove(PATH, "a");
    site.api.remove(PATH, "b");
    site.api.put(PATH, "b", { uid: "new" });
    site.api.put(PATH, "c");
    site.api.forget();
    await until("the rest", () => own.said.includes("added c"));
    expect(own.said).toEqual(["added a", "added b", "deleted a", "deleted b", "added b", "added c"]);
    expect(lists(site.api.seen)).toEqual(["", "102"]);
  });

  it("by status is the same", async () => {
    await using site = await fakeSite();
    site.api.put(PATH, "a");
    site.api.next("watch", (response) => refuse(response, 410, { reason: "Expired", message: "too old" }));
    await using own = await follower(site.kubeconfig);
    await until("a watch", () => site.api.watches().length === 1);
    expect([lists(site.api.seen), watched(site.api.seen)]).toEqual([
      ["", "101"],
      ["101", "101"],
    ]);
    expect(own.states).toEqual(["synced"]);
  });

  it("again and again is no loop", async () => {
    await using site = await fakeSite();
    site.api.put(PATH, "a");
    site.api.next(
      "watch",
      (response) => response.writeHead(200).end(line("ERROR", expired(101, 102))),
      1_000,
    );
    await using own = await follower(site.kubeconfig, {
      timing: { backOff: { first: 1_000, most: 30_000, good: 120_000 } },
    });
    await until("the second list", () => lists(site.api.seen).length === 2);
    await sleep(300);
    expect(lists(site.api.seen).length).toBeLessThan(6);
    expect(own.said).toEqual(["added a"]);
  });

  it("of pages that took too long is not asked for: the list comes in one piece", async () => {
    await using site = await fakeSite();
    for (let count = 0; count < 600; count++) site.api.put(PATH, `o${count}`);
    site.api.next("list", (response) => refuse(response, 410, { reason: "Expired" }));
    site.api.next("list", (response) => {
      const first = { metadata: { name: "x", namespace: "ns", uid: "x", resourceVersion: "101" } };
      reply(response, 200, { metadata: { resourceVersion: "700", continue: "500" }, items: [first] });
    });
    site.api.next("list", (response) => refuse(response, 410, { reason: "Expired" }));
    await using own = await follower(site.kubeconfig);
    await until("all objects", () => own.now().items.size === 600);
    expect(site.api.seen.slice(0, 4).map(({ query }) => [query.get("limit"), query.get("continue")])).toEqual(
      [
        ["500", null],
        ["500", null],
        ["500", "500"],
        [null, null],
      ],
    );
  });

  it("for a list is asked for exactly", async () => {
    await using site = await fakeSite();
    site.api.put(PATH, "a");
    site.api.next("list", (response) => refuse(response, 410, { reason: "Expired" }));
    await using own = await follower(site.kubeconfig, { before: { version: "50", count: 1 } });
    await until("the list", () => own.now().isComplete);
    expect(lists(site.api.seen)).toEqual(["50", ""]);
  });
});

describe("a server that is behind", () => {
  it("has its list refused where it is older than what was known, and nothing is lost", async () => {
    await using site = await fakeSite();
    site.api.put(PATH, "a");
    site.api.put(PATH, "b");
    site.api.next("list", (response) =>
      reply(response, 200, { metadata: { resourceVersion: "101" }, items: [] }),
    );
    await using own = await follower(site.kubeconfig, { before: { version: "102", count: 2 } });
    await until("the objects", () => own.now().items.size === 2);
    expect(own.said).toEqual(["added a", "added b"]);
    expect(lists(site.api.seen)).toEqual(["102", ""]);
    expect(own.notices[0]).toMatchObject({
      kind: "failed",
      message: "the list is of version 101, older than the 102 that is known: not taken",
    });
  });

  it("says that a version is too large: the list is asked for exactly", async () => {
    await using site = await fakeSite();
    site.api.put(PATH, "a");
    site.api.behind(site.api.version());
    site.api.put(PATH, "b");
    await using own = await follower(site.kubeconfig, { before: { version: "102", count: 2 } });
    await until("the objects", () => own.now().items.size === 2);
    expect(lists(site.api.seen)).toEqual(["102", ""]);
  });

  it("takes the watch over from one that is not: older events change nothing", async () => {
    await using site = await fakeSite();
    site.api.put(PATH, "a", { spec: "first" });
    await using own = await follower(site.kubeconfig);
    await until("a watch", () => site.api.watches().length === 1);
    site.api.put(PATH, "a", { spec: "second" });
    site.api.put(PATH, "gone");
    site.api.remove(PATH, "gone");
    await until("the events", () => own.said.includes("deleted gone"));
    const old = { name: "a", namespace: "ns", uid: own.now().version, resourceVersion: "101" };
    site.api.next("watch", (response) => {
      response.writeHead(200);
      response.write(line("MODIFIED", { metadata: old, spec: "first" }));
      response.write(line("ADDED", { metadata: { ...old, name: "gone", resourceVersion: "103" } }));
      response.end(line("DELETED", { metadata: old, spec: "first" }));
    });
    site.api.cut();
    await until("a third watch", () => watched(site.api.seen).length === 3);
    await until("it is open", () => site.api.watches().length === 1);
    expect(own.said).toEqual(["added a", "changed a", "added gone", "deleted gone"]);
    expect(own.now().items.get("ns/a")).toMatchObject({ spec: "second" });
    expect(watched(site.api.seen)).toEqual(["101", "104", "104"]);
  });

  it("for ten minutes, and exactly, was put back from a backup: that counts", async () => {
    await using site = await fakeSite();
    site.api.put(PATH, "a");
    await using own = await follower(site.kubeconfig, { before: { version: "5000", count: 3 } });
    await until("the list", () => own.now().isComplete);
    expect(own.said).toEqual(["added a"]);
    const told = own.notices.filter((notice) => notice.kind === "failed");
    expect(told.length).toBeGreaterThan(2);
  });
});

describe("an empty list where objects were", () => {
  it("is asked for a second time: if they are there again nothing has happened", async () => {
    await using site = await fakeSite();
    site.api.put(PATH, "a");
    await using own = await follower(site.kubeconfig);
    await until("a watch", () => site.api.watches().length === 1);
    site.api.next("watch", (response) => refuse(response, 410, {}));
    site.api.next("list", (response) =>
      reply(response, 200, { metadata: { resourceVersion: "150" }, items: [] }),
    );
    site.api.cut();
    await until("a third list", () => lists(site.api.seen).length === 3);
    await until("a watch", () => site.api.watches().length === 1);
    expect(own.said).toEqual(["added a"]);
    expect(lists(site.api.seen)).toEqual(["", "101", ""]);
  });

  it("counts when it is empty twice", async () => {
    await using site = await fakeSite();
    site.api.put(PATH, "a");
    await using own = await follower(site.kubeconfig);
    await until("a watch", () => site.api.watches().length === 1);
    site.api.next("watch", (response) => response.socket?.destroy());
    site.api.cut();
    site.api.remove(PATH, "a");
    site.api.forget();
    await until("the deletion", () => own.said.includes("deleted a"));
    expect(lists(site.api.seen)).toEqual(["", "101", ""]);
    const [first = 0, second = 0] = site.api.seen
      .filter(({ query }) => !query.has("watch"))
      .slice(1)
      .map(({ at }) => at);
    expect(second - first).toBeGreaterThanOrEqual(90);
  });

  it("is asked for twice as well where a former run knew objects", async () => {
    await using site = await fakeSite();
    await using own = await follower(site.kubeconfig, { before: { version: "100", count: 3 } });
    await until("the list", () => own.now().isComplete);
    expect(lists(site.api.seen)).toEqual(["100", ""]);
  });
});

describe("a server that sends us away", () => {
  it("with 429 for a list is asked again when it said", async () => {
    await using site = await fakeSite();
    site.api.put(PATH, "a");
    site.api.next("list", (response) =>
      refuse(response, 429, { reason: "TooManyRequests" }, { "Retry-After": "1" }),
    );
    await using own = await follower(site.kubeconfig);
    await until("the list", () => own.now().isComplete);
    const [first = 0, second = 0] = site.api.seen.map(({ at }) => at);
    expect(second - first).toBeGreaterThanOrEqual(990);
  });

  it("with 429 for a watch goes on at the same version, with no list", async () => {
    await using site = await fakeSite();
    site.api.put(PATH, "a");
    site.api.next("watch", (response) => refuse(response, 429, {}, { "Retry-After": "1" }));
    await using own = await follower(site.kubeconfig);
    await until("a watch", () => site.api.watches().length === 1);
    await until("it is well", () => own.now().message === "");
    expect([lists(site.api.seen), watched(site.api.seen)]).toEqual([[""], ["101", "101"]]);
  });

  it("with 403 is polled; what is known stays, and is right again when it lets us", async () => {
    await using site = await fakeSite();
    site.api.put(PATH, "a");
    await using own = await follower(site.kubeconfig);
    await until("a watch", () => site.api.watches().length === 1);
    const forbidden = { reason: "Forbidden", message: 'egressqoses is forbidden: User "agent" cannot list' };
    site.api.next("any", (response) => refuse(response, 403, forbidden), 4);
    site.api.cut();
    await until("the refusal", () => own.now().state === "refused");
    expect(own.now().items.size).toBe(1);
    expect(own.now().message).toMatch(
      /^GET \/apis\/k8s.ovn.org\/v1\/egressqoses of 127.0.0.1:\d+: 403 Forbidden: egressqoses is forbidden/,
    );
    await until("it is synced", () => own.now().state === "synced");
    expect(own.said).toEqual(["added a"]);
    expect(own.states).toEqual(["synced", "refused", "synced"]);
  });

  it("with the page of a proxy is told in its words", async () => {
    await using site = await fakeSite();
    site.api.next("list", (response) => response.writeHead(502).end("<html>\n  Bad\n  Gateway</html>"));
    await using own = await follower(site.kubeconfig);
    await until("the list", () => own.now().isComplete);
    expect(own.notices[0]).toMatchObject({
      message: expect.stringContaining("502: <html> Bad Gateway</html>"),
    });
  });
});

describe("a resource that is not served", () => {
  it("is missing, and followed when it comes", async () => {
    await using site = await fakeSite();
    site.api.serve(PATH, false);
    await using own = await follower(site.kubeconfig, { timing: { missingIsEmpty: 60_000 } });
    await until("it is missing", () => own.now().state === "missing");
    expect(own.now().isComplete).toBe(false);
    site.api.serve(PATH, true);
    site.api.put(PATH, "a");
    await until("its object", () => own.said.includes("added a"));
    expect(own.states).toEqual(["missing", "synced"]);
  });

  it("any more keeps its objects for ten minutes, and then has none", async () => {
    await using site = await fakeSite();
    site.api.put(PATH, "a");
    await using own = await follower(site.kubeconfig, { timing: { missingIsEmpty: 3_000 } });
    await until("a watch", () => site.api.watches().length === 1);
    site.api.serve(PATH, false);
    site.api.cut();
    await until("it is missing", () => own.now().state === "missing");
    expect(own.now().items.size).toBe(1);
    await until("they are gone", () => own.now().items.size === 0);
    expect(own.said).toEqual(["added a", "deleted a"]);
    expect(own.now()).toMatchObject({ state: "missing", isComplete: true });
  });
});

describe("a connection that breaks", () => {
  it("within a line loses no event and makes none", async () => {
    await using site = await fakeSite();
    site.api.put(PATH, "a");
    const whole = { metadata: { name: "b", namespace: "ns", uid: "b", resourceVersion: "102" } };
    const half = { metadata: { name: "c", namespace: "ns", uid: "c", resourceVersion: "103" } };
    site.api.next("watch", (response) => {
      response.writeHead(200);
      response.end(line("ADDED", whole) + line("ADDED", half).slice(0, -20));
    });
    await using own = await follower(site.kubeconfig);
    await until("a second watch", () => watched(site.api.seen).length === 2);
    expect(own.said).toEqual(["added a", "added b"]);
    expect(watched(site.api.seen)).toEqual(["101", "102"]);
    expect(own.notices).toContainEqual(
      expect.objectContaining({
        message: expect.stringMatching(/^the watch of .*: it was cut after \d+ bytes of a line$/),
      }),
    );
  });

  it("by a line that is no event goes on from the last that was one", async () => {
    await using site = await fakeSite();
    site.api.put(PATH, "a");
    const whole = { metadata: { name: "b", namespace: "ns", uid: "b", resourceVersion: "102" } };
    site.api.next("watch", (response) => {
      response.writeHead(200);
      response.write(`${line("ADDED", whole)}no JSON\n`);
    });
    await using own = await follower(site.kubeconfig);
    await until("a second watch", () => watched(site.api.seen).length === 2);
    expect(own.said).toEqual(["added a", "added b"]);
    expect(watched(site.api.seen)).toEqual(["101", "102"]);
  });

  it("within a list is no list", async () => {
    await using site = await fakeSite();
    site.api.put(PATH, "a");
    await using own = await follower(site.kubeconfig);
    await until("a watch", () => site.api.watches().length === 1);
    site.api.next("watch", (response) => refuse(response, 410, {}));
    site.api.next("list", (response) => {
      response.writeHead(200, { "Content-Length": "1000" });
      response.write('{"metadata":{"resourceVersion":"200"},"items":[]');
      setTimeout(() => response.socket?.destroy(), 20);
    });
    site.api.next("list", (response) =>
      response.writeHead(200).end('{"metadata":{"resourceVersion":"200"}}'),
    );
    site.api.cut();
    await until("the third list", () => lists(site.api.seen).length === 4);
    await until("a watch", () => site.api.watches().length === 1);
    expect(own.said).toEqual(["added a"]);
  });

  it("without a sign (half open) is given up when no bookmark comes, and taken up at the same version", async () => {
    await using site = await fakeSite();
    site.api.put(PATH, "a");
    site.api.next("watch", (response) => {
      response.writeHead(200);
      response.flushHeaders();
    });
    await using own = await follower(site.kubeconfig, { timing: { silence: 300 } });
    await until("a second watch", () => watched(site.api.seen).length === 2);
    expect(own.notices.map(({ kind }) => kind)).toContain("silent");
    expect(lists(site.api.seen)).toEqual([""]);
    expect(watched(site.api.seen).slice(0, 2)).toEqual(["101", "101"]);
  });

  it("is alive as long as bookmarks come", async () => {
    await using site = await fakeSite();
    await using own = await follower(site.kubeconfig, { timing: { silence: 3_000 } });
    await until("a watch", () => site.api.watches().length === 1);
    for (let turn = 0; turn < 40; turn++) {
      await sleep(100);
      site.api.bookmark();
    }
    expect(watched(site.api.seen)).toHaveLength(1);
    expect(own.now().message).toBe("");
  });

  it("before the head of an answer is given up after its time", async () => {
    await using site = await fakeSite();
    site.api.put(PATH, "a");
    site.api.next("list", () => undefined);
    await using own = await follower(site.kubeconfig, { timing: { answer: 300 } });
    await until("the list", () => own.now().isComplete);
    expect(own.notices[0]).toMatchObject({
      message: expect.stringMatching(/^GET \/apis.* of 127.0.0.1:\d+: no answer within 0.3 s$/),
    });
  });

  it("by a server that takes long for a list is not", async () => {
    await using site = await fakeSite();
    site.api.next("list", (response) => {
      setTimeout(() => reply(response, 200, { metadata: { resourceVersion: "100" }, items: [] }), 700);
    });
    await using own = await follower(site.kubeconfig);
    await until("the list", () => own.now().isComplete);
    expect(lists(site.api.seen)).toEqual([""]);
  });

  it("by a watch that ends at once and brings nothing is not taken up in a loop", async () => {
    await using site = await fakeSite();
    site.api.next("watch", (response) => response.writeHead(200).end(), 1_000);
    await using own = await follower(site.kubeconfig, {
      timing: { shortWatch: 1_000, backOff: { first: 1_000, most: 30_000, good: 120_000 } },
    });
    await until("two watches", () => watched(site.api.seen).length >= 2);
    await sleep(300);
    expect(watched(site.api.seen).length).toBeLessThan(8);
    expect(own.now().message).toMatch(/^the watch ended after \d+ ms and brought nothing$|^$/);
  });

  it("is waited out; whoever is answered first wakes the others", async () => {
    await using site = await fakeSite();
    site.api.put(PATH, "a");
    const timing = { backOff: { first: 600_000, most: 600_000, good: 1_200_000 } };
    site.api.next("list", (response) => response.socket?.destroy(), 2);
    await using own = await follower(site.kubeconfig, { timing });
    await until("a failure", () => own.notices.some(({ kind }) => kind === "failed"));
    await own.connection.get({ path: PATH }).catch(() => undefined);
    expect(own.now().state).toBe("unsynced");
    await own.connection.get({ path: PATH });
    await until("the list", () => own.now().state === "synced");
  });
});

describe("a server that was away", () => {
  afterEach(() => void vi.restoreAllMocks());

  it("and refuses all while it starts is asked when it said, however long it was away", async () => {
    chanceIs(1);
    await using site = await fakeSite();
    site.api.put(PATH, "a");
    const timing = { backOff: { first: 10, most: 30_000, good: 120_000 } };
    await using own = await follower(site.kubeconfig, { timing });
    await until("a watch", () => site.api.watches().length === 1);
    site.api.give(PATH, (response) => response.socket?.destroy());
    site.api.cut();
    // The next wait after no answer would be 2.6 s, and the one after a refusal longer still.
    await until("many failures", () => failures(own) === 8);
    site.api.put(PATH, "b");
    const refused: number[] = [];
    site.api.give(PATH, (response, { at }) => {
      refused.push(at);
      if (refused.length === 1) return refuse(response, 403, { reason: "Forbidden" });
      if (refused.length === 3) site.api.give(PATH, undefined);
      return refuse(response, 429, initializing, { "Retry-After": "1" });
    });
    await until("what was missed", () => own.said.includes("added b"));
    const [, first = 0, second = 0] = refused;
    const good = site.api.seen.find(({ at }) => at > second)?.at ?? 0;
    for (const wait of [second - first, good - second]) {
      expect(wait).toBeGreaterThanOrEqual(990);
      expect(wait).toBeLessThan(3_000);
    }
  });

  it("wakes all when it answers one, but nobody before the time that it was told", async () => {
    chanceIs(0);
    await using site = await fakeSite();
    site.api.put(PATH, "a");
    site.api.give("/version", {});
    const timing = { backOff: { first: 10, most: 600_000, good: 1_200_000 } };
    site.api.give(PATH, (response) => refuse(response, 429, initializing, { "Retry-After": "0" }));
    await using own = await follower(site.kubeconfig, { timing });
    await until("many failures", () => failures(own) > 30);
    const refused: number[] = [];
    site.api.give(PATH, (response, { at }) => {
      // Only now: an answer on its way would wait as long, and without being told a time.
      chanceIs(1);
      refused.push(at);
      site.api.give(PATH, undefined);
      refuse(response, 429, initializing, { "Retry-After": "1" });
    });
    await until("a long wait", () =>
      own.notices.some((notice) => notice.kind === "failed" && notice.wait > 600_000),
    );
    await own.connection.get({ path: "/version" });
    await until("the list", () => own.now().state === "synced");
    const good = site.api.seen.find((one) => one.path === PATH && one.at > (refused[0] ?? 0))?.at ?? 0;
    expect(good - (refused[0] ?? 0)).toBeGreaterThanOrEqual(990);
  });

  it("for one resource alone is not asked for it in a loop, where others are answered", async () => {
    chanceIs(1);
    await using site = await fakeSite();
    site.api.give("/version", {});
    site.api.give(PATH, (response) => refuse(response, 500, { reason: "InternalError" }));
    const timing = { backOff: { first: 20, most: 30_000, good: 120_000 } };
    await using own = await follower(site.kubeconfig, { timing });
    const from = performance.now();
    while (performance.now() - from < 600) {
      await own.connection.get({ path: "/version" });
      await sleep(5);
    }
    expect(failures(own)).toBeGreaterThan(2);
    expect(failures(own)).toBeLessThan(9);
  });
});

describe("a watch that was cut and waits", () => {
  it("is woken by the next request that is answered", async () => {
    await using site = await fakeSite();
    const timing = { backOff: { first: 600_000, most: 600_000, good: 1_200_000 } };
    await using own = await follower(site.kubeconfig, { timing });
    await until("a watch", () => site.api.watches().length === 1);
    site.api.cut();
    await until("a failure", () => own.notices.some(({ kind }) => kind === "failed"));
    expect(watched(site.api.seen)).toHaveLength(1);
    await own.connection.get({ path: PATH });
    await until("the next watch", () => watched(site.api.seen).length === 2);
  });
});

describe("a token", () => {
  it("that was rotated is read at once when the server does not know the old one", async () => {
    await using site = await fakeSite();
    site.api.put(PATH, "a");
    site.api.allow("first");
    await using own = await follower(site.kubeconfig);
    await until("a watch", () => site.api.watches().length === 1);
    site.api.allow("second");
    writeFileSync(site.token, "second\n");
    site.api.cut();
    const newest = (): string | undefined => site.api.seen.at(-1)?.headers.authorization;
    await until("a watch", () => newest() === "Bearer second" && site.api.watches().length === 1);
    expect(own.states).toEqual(["synced"]);
    expect(lists(site.api.seen)).toEqual([""]);
  });

  it("that is of no use changes nothing, and is asked for until it is", async () => {
    await using site = await fakeSite();
    site.api.put(PATH, "a");
    site.api.allow("first");
    await using own = await follower(site.kubeconfig);
    await until("a watch", () => site.api.watches().length === 1);
    site.api.allow("second");
    site.api.cut();
    await until("the refusal", () => own.now().state === "refused");
    expect(own.now().items.size).toBe(1);
    writeFileSync(site.token, "second\n");
    await until("a watch", () => site.api.watches().length === 1);
    await until("it is well", () => own.now().state === "synced");
    expect(own.said).toEqual(["added a"]);
  });
});
