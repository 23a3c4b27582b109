/** A task of the queue, done: what it says to the loop beside. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { createMetrics } from "../../../plugin/agent/metrics.ts";
import { perform } from "../../../plugin/agent/perform.ts";
import { createStates } from "../../../plugin/agent/states.ts";
import { decideAnew } from "../../../plugin/agent/work.ts";
import { decide } from "../../../plugin/attachment/decide.ts";
import { recordOf } from "../../../plugin/attachment/recording.ts";
import { netnsId } from "../../../plugin/kernel/netns.ts";
import type { AttachmentRecord } from "../../../plugin/state/record.ts";
import { writeRecord } from "../../../plugin/state/store.ts";
import { knowing, podRequest } from "../support/known.ts";
import { loopAt } from "../support/loop.ts";

const root = mkdtempSync(join(tmpdir(), "pod-qos-perform-"));
afterAll(() => rmSync(root, { recursive: true }));
let places = 0;
const createPlace = (): string => join(root, String((places += 1)));

const recordNamed = (containerId: string, more: Partial<AttachmentRecord> = {}): AttachmentRecord => ({
  version: 1,
  identity: { network: "podnet", containerId, ifname: "eth0" },
  // Of a directory that is not there: nobody can tell whether it lives, so nothing is done.
  netns: "/nowhere/netns/x",
  netnsId: `1:${containerId}`,
  pod: "prod/x",
  facts: undefined,
  programs: [],
  ...more,
});

describe("a record that an ADD writes while another pod is decided", () => {
  it("is news: or its pod stays as it was added", async () => {
    const stateDir = createPlace();
    const { loop, told } = loopAt(stateDir);
    writeRecord(stateDir, recordNamed("a"));
    loop.readRecords();
    writeRecord(stateDir, recordNamed("b", { pending: "the node's agent has said nothing of this pod yet" }));
    await perform(loop, { kind: "decide", attachment: "podnet/a@eth0" }, ["test"]);
    const byTheWatch = loop.readRecords();
    const byPerform = told.flatMap((news) => (news.kind === "records" ? news.attachments : []));
    expect([...byTheWatch, ...byPerform]).toEqual(["podnet/b@eth0"]);
  });
});

/** As it runs: in the namespace of this process, in which nothing of it is made. */
const running = async (): Promise<AttachmentRecord> => {
  const netns = "/proc/self/ns/net";
  const said = podRequest({});
  const request = { ...said, call: { ...said.call, netns } };
  const policy = await decide(request, "forget", knowing({}));
  return recordOf({ request, policy, netnsId: netnsId(netns) ?? "", uplink: undefined }, undefined, []);
};

describe("what is refused", () => {
  // The uplink's device is away for a moment.
  const conf = {
    type: "pod-qos",
    uplink: { device: "away0", rate: "1G", default: "a", classes: { a: { rate: "1G" } } },
  };

  it("is tried again, for the reason may pass", async () => {
    const tools = { stateDir: createPlace(), log: () => undefined, metrics: createMetrics() };
    const came = await decideAnew(tools, await running(), { conf, knowledge: knowing({}) }, ["test"]);
    expect(came).toEqual({ kind: "refused", outcome: "failed", why: "test" });
  });

  it("is said once, and again after all was well", () => {
    const states = createStates(createMetrics());
    const logged: string[] = [];
    const log = states.sayingOnce("a", (level, text) => void logged.push(`${level} ${text}`));
    const refused = (text: string): void => {
      log("warn", text);
      states.note("a", "refused");
    };
    for (const text of ["one", "one", "two"]) refused(text);
    states.note("a", "same");
    refused("one");
    expect(logged).toEqual(["warn one", "debug one", "warn two", "warn one"]);
  });
});
