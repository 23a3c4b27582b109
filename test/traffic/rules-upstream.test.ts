/**
 * OVN-Kubernetes' own end-to-end cases of EgressQoS and NetworkQoS, as far as they need one node and no API server, on other
 * chains than theirs. Where a case changes an object or a label under a running pod, here a pod is added after the change.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { siteNamed, type Site } from "../lab/plugin/chain-sites.ts";
import { suite } from "../lab/node/needs.ts";
import { ovsSite } from "../lab/node/ovs-site.ts";
import { onAnyKernel, paced } from "../lab/traffic/pace.ts";
import type { Packet } from "../lab/traffic/packets.ts";
import { openPolicySite, type PolicySite } from "../lab/policy/policy-site.ts";
import { twice, within } from "../lab/measure/twice.ts";

/**
 * Which packets a rule is about is decided in the pod, on any link and kernel alike. What an Open vSwitch does to a mark and a
 * limit test/vm/ovn tells in the same tier, so ipvlan alone is left to the VM.
 */
const chosen = paced(
  "upstream's cases on",
  [siteNamed("ipvlan-l2"), ovsSite, siteNamed("flannel"), siteNamed("bridge")],
  4,
);
for (const site of chosen) {
  const needs = { ...site.needs, tools: [...(site.needs.tools ?? []), "tcpdump", "socat"] };
  suite(`upstream's cases on ${site.name}`, needs, () => onSite(site));
}

/** Of a family: an address of the peer, and one that nobody has, behind the pods' gateway. */
interface Family {
  readonly name: "ipv4" | "ipv6";
  readonly peer: string;
  readonly other: string;
  readonly bits: 32 | 128;
}

const ping = (destination: string): Packet => ({ destination, protocol: "ICMP" });
const tcp = (destination: string, port: number): Packet => ({ destination, protocol: "TCP", port });
const test = { app: "test" };

const onSite = (site: Site): void => {
  let open: PolicySite;
  beforeAll(async () => {
    open = await openPolicySite(site);
    expect(open.peer.v6 === undefined).toBe(names.length === 1);
  });
  afterEach(() => open.clear());
  afterAll(() => open.node[Symbol.asyncDispose]());

  const family = (name: Family["name"]): Family => {
    const { v4, v6 = "none" } = open.peer;
    return name === "ipv4"
      ? { name, peer: v4, other: "203.0.113.9", bits: 32 }
      : { name, peer: v6, other: "2001:db8:ffff::9", bits: 128 };
  };
  const put = (...egress: readonly object[]): void =>
    open.put("NetworkQoS", { podSelector: { matchLabels: test }, priority: 50, egress });
  /** Flanneld's file here is of IPv4 alone. */
  const names = site.name === "flannel" ? (["ipv4"] as const) : (["ipv4", "ipv6"] as const);
  // The two families differ in the tool that marks, which is the same on any kernel.
  const families = paced(`upstream's cases on ${site.name} of`, names, 2);

  describe.each(families)("%s: e2e EgressQoS validation", (name) => {
    onAnyKernel("Should validate correct DSCP value on EgressQoS resource changes", async () => {
      const { peer, other, bits } = family(name);
      const marking = (first: number, second: number): void =>
        open.put("EgressQoS", {
          egress: [
            { dscp: first, dstCIDR: `${peer}/${bits}` },
            { dscp: second, podSelector: { matchLabels: test } },
          ],
        });
      const both = [ping(peer), ping(other)];
      marking(49, 48);
      expect(await open.marks(test, both)).toEqual([49, 48]);
      marking(40, 30);
      expect(await open.marks(test, both)).toEqual([40, 30]);
      open.clear();
      expect(await open.marks(test, both)).toEqual([0, 0]);
    });

    onAnyKernel("Should validate correct DSCP value on pod labels changes", async () => {
      const { peer, other, bits } = family(name);
      open.put("EgressQoS", {
        egress: [
          { dscp: 49, dstCIDR: `${peer}/${bits}`, podSelector: { matchLabels: test } },
          { dscp: 48, dstCIDR: `${other}/${bits}`, podSelector: { matchLabels: { tier: "test" } } },
        ],
      });
      const both = [ping(peer), ping(other)];
      expect(await open.marks({}, both)).toEqual([0, 0]);
      expect(await open.marks(test, both)).toEqual([49, 0]);
      expect(await open.marks({ tier: "test" }, both)).toEqual([0, 48]);
      expect(await open.marks({ ...test, tier: "test" }, both)).toEqual([49, 48]);
      expect(await open.marks({ other: "test" }, both)).toEqual([0, 0]);
    });
  });

  describe.each(families)("%s: e2e NetworkQoS validation", (name) => {
    const toPeer = (ports?: readonly object[]): object => {
      const { peer, bits } = family(name);
      return { to: [{ ipBlock: { cidr: `${peer}/${bits}` } }], ...(ports === undefined ? {} : { ports }) };
    };
    const limited = (rate: number, ...ports: readonly object[]): object => ({
      dscp: 50,
      bandwidth: { rate },
      classifier: toPeer(ports.length === 0 ? undefined : ports),
    });

    // That a mark leaves a pod on ipvlan test/vm/containerd and test/vm/kubelet tell.
    onAnyKernel(
      "Should have correct DSCP value for overlay traffic: any traffic, any port of TCP, one port, unselected",
      async () => {
        const { peer, other } = family(name);
        const packets = [tcp(peer, 80), tcp(peer, 9090), ping(peer), tcp(other, 80), ping(other)];
        expect(await open.marks(test, packets)).toEqual([0, 0, 0, 0, 0]);
        put({ dscp: 50, classifier: toPeer() });
        expect(await open.marks(test, packets)).toEqual([50, 50, 50, 0, 0]);
        put({ dscp: 51, classifier: toPeer([{ protocol: "TCP" }]) });
        expect(await open.marks(test, packets)).toEqual([51, 51, 0, 0, 0]);
        put({ dscp: 52, classifier: toPeer([{ protocol: "TCP", port: 80 }]) });
        expect(await open.marks(test, packets)).toEqual([52, 0, 0, 0, 0]);
        expect(await open.marks({ app: "other" }, packets)).toEqual([0, 0, 0, 0, 0]);
      },
    );

    onAnyKernel(
      "Should have correct DSCP value for host network traffic; 002-12 the first rule that matches, where upstream lets the last",
      async () => {
        put(
          { dscp: 34, classifier: toPeer([{ protocol: "TCP", port: 80 }]) },
          { dscp: 33, classifier: toPeer([{ protocol: "TCP", port: 9090 }]) },
          { dscp: 32, classifier: toPeer() },
        );
        const { peer, other } = family(name);
        const packets = [ping(peer), tcp(peer, 9090), tcp(peer, 80), ping(other)];
        expect(await open.marks(test, packets)).toEqual([32, 33, 34, 0]);
      },
    );

    const rates = (...loads: Parameters<PolicySite["mbits"]>[2]): Promise<readonly number[]> =>
      open.mbits(test, family(name).peer, loads);

    onAnyKernel(
      "Limits egress traffic to all target pods below the specified rate: two streams together",
      async () => {
        // Of one client, so that both begin together: by their sum of two clients nobody knows whether they overlapped.
        const both = { streams: 2 };
        expect(sum(await rates(both))).toBeGreaterThan(15);
        put(limited(10_000));
        await twice("10 Mbit/s", async () => within("two streams", sum(await rates(both)), 8, 15));
      },
    );

    // What is not limited is more than what is could ever be; how much, an emulated CPU decides.
    const free = [6.5, 31] as const;

    it("Limits egress traffic targeting an individual pod by protocol, and by protocol and port", async () => {
      put(limited(5_000, { protocol: "TCP" }));
      await twice("TCP", async () => {
        const [one = 0, udp = 0] = await rates({}, { udp: true, bitrate: "30M" });
        return [...within("TCP", one, 3.5, 7.5), ...within("UDP", udp, ...free)];
      });
      put(limited(5_000, { protocol: "TCP", port: 80 }));
      await twice("TCP:80", async () => {
        const [web = 0, rest = 0] = await rates({ port: 80 }, { bitrate: "30M" });
        return [...within("port 80", web, 3.5, 7.5), ...within("another port", rest, ...free)];
      });
    });
  });
};

const sum = (values: readonly number[]): number => values.reduce((total, each) => total + each, 0);
