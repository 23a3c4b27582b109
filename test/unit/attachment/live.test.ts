/** Whether a pod has ended is told only by who sees what the plugin saw. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { isHidden, lifeOf } from "../../../plugin/attachment/live.ts";
import { netnsId, viewOf, type View } from "../../../plugin/kernel/netns.ts";
import type { AttachmentRecord } from "../../../plugin/state/record.ts";

const folder = mkdtempSync(join(tmpdir(), "pod-qos-live-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Where the plugin saw it, and what is there by our path. */
const directory = (name: string, file?: string): string => {
  mkdirSync(join(folder, name), { recursive: true });
  if (file !== undefined) writeFileSync(join(folder, name, file), "");
  return join(folder, name, "pod");
};
const own = directory("own");
const view = viewOf(own);
const elsewhere: View = { bootId: view?.bootId ?? "", place: viewOf(directory("other"))?.place ?? "" };
const noProcess = "/proc/4194305/ns/net";
const ownNumbers = viewOf(noProcess);
const otherNumbers: View = { bootId: view?.bootId ?? "", place: "pid:[1]" };
const beforeBoot: View = { bootId: "another", place: "1:2" };

const record = (netns: string, seen: View | undefined, id = "0:0"): AttachmentRecord => ({
  version: 1,
  identity: { network: "podnet", containerId: "c", ifname: "eth0" },
  netns,
  netnsId: id,
  ...(seen && { view: seen }),
  pod: "prod/web-1",
  facts: undefined,
  programs: [],
});

it.each([
  ["its file is gone from the directory that the plugin saw", own, view, "ended"],
  ["the directory is another one of that path", own, elsewhere, "hidden"],
  ["the directory is not there", "/run/not-there/pod", elsewhere, "hidden"],
  ["the directory is not there, since the boot", "/run/not-there/pod", beforeBoot, "ended"],
  [
    "the file is there and is no namespace",
    directory("mounts", "pod"),
    viewOf(directory("mounts")),
    "hidden",
  ],
  ["its process is gone", noProcess, ownNumbers, "ended"],
  ["its process is one of other numbers", noProcess, otherNumbers, "hidden"],
  ["its number is another process by ours", "/proc/self/ns/net", otherNumbers, "hidden"],
  ["its number is another process", "/proc/self/ns/net", ownNumbers, "ended"],
  ["an older build recorded it, and its file is gone", own, undefined, "ended"],
] as const)("where %s", (_, netns, seen, life) => {
  expect(lifeOf("/nowhere", record(netns, seen))).toBe(life);
});

it.each([
  ["its file is gone from the directory that the plugin saw", own, view, false],
  ["the directory is another one of that path", own, elsewhere, true],
  ["the directory is not there", "/run/not-there/pod", elsewhere, true],
  ["the directory is not there, since the boot", "/run/not-there/pod", beforeBoot, false],
  [
    "the file is there and is no namespace: it is unmounted",
    directory("mounts", "pod"),
    viewOf(directory("mounts")),
    false,
  ],
  ["its process is one of other numbers", noProcess, otherNumbers, true],
  ["its process is gone", noProcess, ownNumbers, false],
  ["an older build recorded it", own, undefined, false],
] as const)("hidden from here: where %s", (_, netns, seen, hidden) => {
  expect(isHidden(record(netns, seen))).toBe(hidden);
});

it("where it is seen it lives, from wherever it was seen before", () => {
  const netns = "/proc/self/ns/net";
  expect(lifeOf("/nowhere", record(netns, elsewhere, netnsId(netns)))).toBe("live");
});
