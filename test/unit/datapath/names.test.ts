import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  chainName,
  identityFromAlias,
  ifbAlias,
  ifbName,
  isIfbName,
  sameIdentity,
  type Identity,
} from "../../../plugin/datapath/names.ts";

const real: Identity = {
  network: "podnet",
  containerId: "719dbdcf32a2274ecad9ad5329ccb779b84e0bf85bc74cea07acbb5b499e6de1",
  ifname: "eth0",
};
const identifier = fc.stringMatching(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$/);
const interfaceName = fc.stringMatching(/^[a-z0-9][a-z0-9_.@-]{0,14}$/);
const identity = fc.record({ network: identifier, containerId: identifier, ifname: interfaceName });

describe("the name of an ifb", () => {
  it("never changes between releases: DEL finds an older one's ifb by it (64-bit FNV-1a, worked out in Python)", () => {
    expect(ifbName(real)).toBe("pqeb77c5029ac03");
  });

  it("is one the kernel takes and we recognise", () => {
    fc.assert(
      fc.property(identity, (each) => {
        const name = ifbName(each);
        expect(name.length).toBeLessThanOrEqual(15);
        expect(isIfbName(name)).toBe(true);
      }),
    );
  });

  it.each([
    ["interface", { ...real, ifname: "net1" }],
    ["network", { ...real, network: "podnet2" }],
    ["container", { ...real, containerId: "719d" }],
    ["border between the parts", { network: "podne", containerId: `t${real.containerId}`, ifname: "eth0" }],
  ])("is another one for another %s", (_, other) => {
    expect(ifbName(other)).not.toBe(ifbName(real));
  });

  it("differs where identities differ", () => {
    fc.assert(
      fc.property(identity, identity, (one, other) => {
        expect(ifbName(one) === ifbName(other)).toBe(sameIdentity(one, other));
      }),
    );
  });

  it.each([
    "pq",
    "pq0123456789ab",
    "pq0123456789abcd",
    "pq0123456789abg",
    "ifb0",
    "bwpa8eda89404b7",
    "xpq0123456789ab",
    "pq0123456789AB0",
  ])("%s is not of that form", (name) => expect(isIfbName(name)).toBe(false));
});

describe("the alias of an ifb", () => {
  it("says in words whose it is", () => {
    expect(ifbAlias(real)).toBe(`pod-qos podnet ${real.containerId} eth0`);
  });

  it("leads back to the identity", () => {
    fc.assert(
      fc.property(identity, (each) => {
        expect(identityFromAlias(ifbAlias(each))).toEqual(each);
      }),
    );
  });

  it.each(["", "pod-qos", "pod-qos ", "pod-qos a b", "podnet c1 eth0", "my pod-qos a b c", "pod-qosa b c"])(
    "%j is nobody's",
    (alias) => expect(identityFromAlias(alias)).toBeUndefined(),
  );
});

it("a chain's name fits the 28 characters iptables allows, for the longest interface name", () => {
  expect(chainName("fifteen-letters")).toBe("POD-QOS-fifteen-letters");
  expect(chainName("fifteen-letters").length).toBeLessThanOrEqual(28);
});

describe("an alias too long for the kernel", () => {
  const long: Identity = { ...real, network: "n".repeat(240) };

  it("is cut to what the kernel takes", () => {
    expect(ifbAlias(long)).toHaveLength(255);
  });

  it("names nobody: GC must not take the rest of it for another attachment", () => {
    expect(identityFromAlias(ifbAlias(long))).toBeUndefined();
  });
});
