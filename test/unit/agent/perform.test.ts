/** A task of the queue, done: what it says to the loop beside. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { perform } from "../../../plugin/agent/perform.ts";
import type { AttachmentRecord } from "../../../plugin/state/record.ts";
import { writeRecord } from "../../../plugin/state/store.ts";
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
