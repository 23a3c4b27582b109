/** Which classes that a conf has no more are still there, and who has left one. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { hasLeftFormer, keptClasses } from "../../../plugin/attachment/uplink/former.ts";
import { readLiveClaims } from "../../../plugin/attachment/uplink/node.ts";
import { parseUplink } from "../../../plugin/cni/uplink.ts";
import { uplinkState } from "../../../plugin/datapath/uplink/state.ts";
import type { SeenUplink } from "../../../plugin/kernel/uplink/observe.ts";
import { viewOf } from "../../../plugin/kernel/netns.ts";
import type { UplinkClass } from "../../../plugin/policy/uplink/class.ts";
import { withFormer } from "../../../plugin/policy/uplink/former.ts";
import type { Uplink } from "../../../plugin/policy/uplink/uplink.ts";
import { hookRules } from "../../../plugin/program/iptables/chain.ts";
import type { AttachmentRecord, Membership } from "../../../plugin/state/record.ts";
import { writeRecord } from "../../../plugin/state/record-file.ts";
import { keepStanding } from "../../../plugin/state/uplinks.ts";
import { uplinkOf } from "../support/uplink.ts";

const root = mkdtempSync(join(tmpdir(), "pod-qos-former-"));
afterAll(() => rmSync(root, { recursive: true }));

const confOf = (classes: object) => ({
  device: "eth0",
  rate: "1G",
  default: "rest",
  classes: { rest: { rate: "10M" }, ...classes },
});
const rate = "1M";
const [, ...former] = uplinkOf(confOf({ bulk: { rate, mark: "0x1" }, old: { rate, dscp: 8 } })).classes;
const now = confOf({ heavy: { rate } });

/** What the kernel's rules are, were it as that uplink wants. */
const seenOf = (uplink: Uplink): Pick<SeenUplink, "chains"> => {
  const { chains } = uplinkState(uplink, { mtu: 1500, fqCodel: true, ipv6: false });
  const chain = chains.iptables;
  if (chain === undefined) throw new Error("no chain");
  const { name, rules } = chain;
  const observed = { name, exists: true, rules, hookRules: hookRules(chain), before: undefined };
  return { chains: new Map([["iptables", observed]]) };
};
const names = (classes: readonly UplinkClass[]): readonly string[] => classes.map(({ name }) => name);

describe("of classes that the conf has no more are there", () => {
  it.each([
    ["none, once the last one has gone", []],
    ["one of two", ["old"]],
    ["both", ["bulk", "old"]],
  ] as const)("%s", (_, there) => {
    const left = former.filter(({ name }) => there.some((each) => each === name));
    expect(names(keptClasses(former, seenOf(withFormer(uplinkOf(now), left))))).toEqual(there);
  });

  it("none that never was", () => {
    expect(keptClasses([], seenOf(uplinkOf(now)))).toEqual([]);
  });
});

const inClass = (name: string, device = "eth0"): Membership => ({ device, class: name, members: [] });

describe("a pod has left a class that the conf has no more", () => {
  const stateDir = join(root, "left");
  keepStanding(stateDir, {
    network: "podnet",
    conf: parseUplink("uplink", now),
    uplink: uplinkOf(now),
    former,
  });

  it.each([
    ["that it was in", inClass("bulk"), inClass("rest"), true],
    ["for no class at all", inClass("bulk"), undefined, true],
    ["for one of the same name elsewhere", inClass("bulk"), inClass("bulk", "eth1"), true],
    ["not where it stays in it", inClass("bulk"), inClass("bulk"), false],
    ["not where the conf has its class", inClass("heavy"), inClass("rest"), false],
    ["not where it was in none", undefined, inClass("rest"), false],
    ["not where nothing is known of the uplink", inClass("bulk", "eth9"), inClass("rest"), false],
  ])("%s", (_, before, after, expected) => {
    expect(hasLeftFormer(stateDir, before, after)).toBe(expected);
  });
});

const record = (containerId: string, place: string): AttachmentRecord => ({
  version: 1,
  identity: { network: "podnet", containerId, ifname: "eth0" },
  netns: `${root}/${containerId}`,
  netnsId: "0:0",
  view: { bootId: viewOf(`${root}/x`)?.bootId ?? "", place },
  pod: "prod/web-1",
  facts: undefined,
  programs: [],
  membership: inClass("bulk"),
});

describe("a pod whose namespace cannot be seen from here", () => {
  it("keeps its claim, and one that is seen to have ended does not", () => {
    const stateDir = join(root, "hidden");
    writeRecord(stateDir, record("hidden", "another directory"));
    writeRecord(stateDir, record("dead", viewOf(`${root}/x`)?.place ?? ""));
    expect(readLiveClaims(stateDir).claims.map(({ identity }) => identity.containerId)).toEqual(["hidden"]);
  });
});
