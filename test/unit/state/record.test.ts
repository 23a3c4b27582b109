import { describe, expect, it } from "vitest";
import { asRecord } from "../../../plugin/state/record.ts";

const identity = { network: "lab", containerId: "c", ifname: "eth0" };
const tc = { tool: "tc", place: "node", objects: [{ kind: "clsact", dev: "eth0" }] };
const chain = { kind: "chain", name: "POD-QOS-eth0", calledFrom: ["POSTROUTING"], rules: [] };
const whole = {
  version: 1,
  identity,
  netns: "/run/netns/a",
  netnsId: "4:1",
  pod: "prod/web",
  programs: [tc],
};

describe("a record is taken for one", () => {
  it.each([
    ["as a killed ADD leaves it", whole],
    ["with no programs", { ...whole, programs: [] }],
    ["with chains", { ...whole, programs: [{ tool: "iptables", place: "pod", objects: [chain] }] }],
    ["with a membership", { ...whole, membership: { device: "e", class: "b", members: [] } }],
  ])("%s", (_, value) => {
    expect(asRecord(value)).toBe(value);
  });
});

describe("what nothing can be undone by is no record", () => {
  it.each<readonly [string, unknown]>([
    ["a list", []],
    ["no programs", { ...whole, programs: undefined }],
    ["a program that is null", { ...whole, programs: [null] }],
    ["a program without objects", { ...whole, programs: [{ tool: "tc", place: "node" }] }],
    ["an object that is null", { ...whole, programs: [{ ...tc, objects: [null] }] }],
    ["an object of no device", { ...whole, programs: [{ ...tc, objects: [{ kind: "clsact" }] }] }],
    ["a tool there is not", { ...whole, programs: [{ ...tc, tool: "nft" }] }],
    ["a place there is not", { ...whole, programs: [{ ...tc, place: "moon" }] }],
    [
      "a chain called from nowhere",
      { ...whole, programs: [{ ...tc, tool: "iptables", objects: [{ name: "A" }] }] },
    ],
    ["a set without entries", { ...whole, programs: [{ ...tc, tool: "ipset", objects: [{ name: "A" }] }] }],
    ["a namespace that is a number", { ...whole, netns: 5 }],
    ["an identity without an interface", { ...whole, identity: { ...identity, ifname: undefined } }],
    ["facts that are null", { ...whole, facts: null }],
    ["members that are no list", { ...whole, membership: { members: 5 } }],
    ["a member that is null", { ...whole, membership: { members: [null] } }],
  ])("%s", (_, value) => {
    expect(asRecord(value)).toBeUndefined();
  });
});
