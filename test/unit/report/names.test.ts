import { expect, it } from "vitest";
import { labelSourceOf } from "../../../plugin/report/names.ts";
import type { AttachmentRecord } from "../../../plugin/state/record.ts";

const recordWith = (labels: unknown): AttachmentRecord => ({
  version: 1,
  identity: { network: "podnet", containerId: "c1", ifname: "eth0" },
  netns: "/run/netns/a",
  netnsId: "4:1",
  pod: "pod prod/web-1",
  facts: undefined,
  programs: [],
  asked: { conf: { args: { cni: { labels } } } },
});

it.each([
  [{ app: "web" }, "runtime"],
  [[], "runtime"],
  [null, "unknown"],
  [undefined, "unknown"],
])("labels that the runtime gave as %j are known by: %s", (labels, source) => {
  expect(labelSourceOf(recordWith(labels))).toBe(source);
});
