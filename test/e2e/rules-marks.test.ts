/** Marks by rule, read at the receiving end of the wire by tcpdump, both address families. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createNode, type LabNode } from "../lab/node/node.ts";
import { sendAndSee, type Packet } from "../lab/traffic/packets.ts";
import { nodeEnd, podWith, ruledPod, type Wishes } from "../lab/plugin/ruled-pod.ts";

let node: LabNode;
beforeAll(async () => {
  node = await createNode();
});
afterAll(() => node[Symbol.asyncDispose]());

/** The DSCP that each packet arrived with. */
const marks = async (
  wishes: Wishes,
  packets: readonly Packet[],
): Promise<readonly (number | undefined)[]> => {
  const { pod, wire, end } = await podWith(node, wishes);
  const seen = await sendAndSee(node, pod, nodeEnd(node, wire), packets);
  await end();
  return seen.map((tos) => (tos === undefined ? undefined : tos >> 2));
};

const egress = (...rules: readonly object[]): Wishes => ({
  annotations: { "pod-qos/egress": JSON.stringify(rules) },
});
const to = (cidr: string, ...except: readonly string[]): object => ({ ipBlock: { cidr, except } });
const udp = (destination: string, port = 9): Packet => ({ destination, protocol: "UDP", port });

describe("a rule of the pod's annotation", () => {
  it("001-7 without a destination marks everything, of every protocol and both families", async () => {
    const packets = ["192.0.2.7", "2001:db8:ffff::7"].flatMap((destination) =>
      (["TCP", "UDP", "SCTP", "ICMP", "GRE"] as const).map((protocol) => ({
        destination,
        protocol,
        port: 80,
      })),
    );
    expect(await marks(egress({ dscp: "EF" }), packets)).toEqual(packets.map(() => 46));
  });

  it("001-11 001-16 003-17 to a CIDR marks only that, of that family alone", async () => {
    const wishes = egress({ dscp: 46, classifier: { to: [to("0.0.0.0/0", "203.0.113.0/24")] } });
    const packets = [udp("192.0.2.7"), udp("203.0.113.7"), udp("2001:db8:ffff::7")];
    expect(await marks(wishes, packets)).toEqual([46, 0, 0]);
  });

  it("001-12 001-13 an IPv6 CIDR in its long spelling: dscp 48 is traffic class 192", async () => {
    const wishes = egress({
      dscp: 48,
      classifier: { to: [to("2001:0db8:85a3:0000:0000:8a2e:0370:7330/124")] },
    });
    const packets = [udp("2001:db8:85a3::8a2e:370:7334"), udp("2001:db8:85a3::8a2e:370:7340")];
    const { pod, wire, end } = await podWith(node, wishes);
    expect(await sendAndSee(node, pod, nodeEnd(node, wire), packets)).toEqual([192, 0]);
    await end();
  });

  it("001-23 the mark leaves ECN, the lower two bits, as the sender set them", async () => {
    const packets = [0, 1, 2, 3].flatMap((tos) =>
      ["192.0.2.7", "2001:db8:ffff::7"].map((destination) => ({ ...udp(destination), tos: 0xb8 | tos })),
    );
    const { pod, wire, end } = await podWith(node, egress({ dscp: "AF11" }));
    const seen = await sendAndSee(node, pod, nodeEnd(node, wire), packets);
    expect(seen).toEqual(packets.map(({ tos }) => (10 << 2) | (tos & 3)));
    await end();
  });

  it("002-18 by source: only what leaves from the pod's second addresses", async () => {
    const from = [to("192.0.2.128/25"), to("2001:db8:aaaa::/48")];
    const { pod, wire, end } = await podWith(node, egress({ dscp: 20, classifier: { from } }));
    await pod.exec("ip", ["address", "add", "192.0.2.200/32", "dev", "eth0"]);
    await pod.exec("ip", ["address", "add", "2001:db8:aaaa::2/128", "dev", "eth0", "nodad"]);
    const [v4, v6] = [udp("203.0.113.7"), udp("2001:db8:ffff::7")];
    const packets = [
      { ...v4, source: wire.pod4 },
      { ...v4, source: "192.0.2.200" },
      { ...v6, source: wire.pod6 },
      { ...v6, source: "2001:db8:aaaa::2" },
    ];
    expect(await sendAndSee(node, pod, nodeEnd(node, wire), packets)).toEqual([0, 20 << 2, 0, 20 << 2]);
    await end();
  });

  it("002-19 exceptions get neither this rule's mark nor are they lost to the next", async () => {
    const wishes = egress(
      {
        dscp: 20,
        classifier: { to: [to("0.0.0.0/0", "10.11.12.13/32", "172.16.0.0/12", "192.168.0.0/16")] },
      },
      { dscp: 8, classifier: { to: [to("172.16.0.0/12")] } },
    );
    const packets = [
      "192.0.2.7",
      "10.11.12.13",
      "10.11.12.14",
      "172.31.255.255",
      "172.32.0.1",
      "192.168.1.1",
    ];
    expect(
      await marks(
        wishes,
        packets.map((each) => udp(each)),
      ),
    ).toEqual([20, 0, 20, 8, 20, 0]);
  });

  it("002-19 an IPv6 block with exceptions, the same", async () => {
    const wishes = egress(
      { dscp: 20, classifier: { to: [to("2001:db8::/32", "2001:db8:1::/48", "2001:db8:ffff::7/128")] } },
      { dscp: 8, classifier: { to: [to("2001:db8:1::/48")] } },
    );
    const packets = ["2001:db8:ffff::8", "2001:db8:ffff::7", "2001:db8:1::1", "192.0.2.7"];
    expect(
      await marks(
        wishes,
        packets.map((each) => udp(each)),
      ),
    ).toEqual([20, 0, 8, 0]);
  });

  it("002-20 002-21 ports are ORed, and ANDed with the destination; other protocols pass by", async () => {
    const ports = [{ protocol: "TCP", port: 443 }, { protocol: "UDP" }, { protocol: "SCTP", port: 36412 }];
    const wishes = egress({
      dscp: 34,
      classifier: { to: [to("192.0.2.0/24"), to("2001:db8:ffff::/48")], ports },
    });
    const cases: readonly (readonly [Packet["protocol"], number, number])[] = [
      ["TCP", 443, 34],
      ["TCP", 444, 0],
      ["UDP", 444, 34],
      ["SCTP", 36412, 34],
      ["SCTP", 443, 0],
      ["ICMP", 443, 0],
    ];
    const packets = ["192.0.2.7", "2001:db8:ffff::7"].flatMap((destination) =>
      cases.map(([protocol, port]) => ({ destination, protocol, port })),
    );
    const wanted = cases.map(([, , dscp]) => dscp);
    expect(
      await marks(wishes, [...packets, { destination: "203.0.113.7", protocol: "TCP", port: 443 }]),
    ).toEqual([...wanted, ...wanted, 0]);
  });

  it("002-12 the first rule that matches decides, whatever stands behind it", async () => {
    const narrow = { dscp: 30, classifier: { to: [to("192.0.2.0/24")] } };
    const wide = { dscp: 28 };
    const packets = [udp("192.0.2.7"), udp("203.0.113.7")];
    expect(await marks(egress(narrow, wide), packets)).toEqual([30, 28]);
    expect(await marks(egress(wide, narrow), packets)).toEqual([28, 28]);
  });

  it("a rule that does nothing keeps what it matches from the rules behind it", async () => {
    const wishes = egress({ classifier: { to: [to("10.0.0.0/8")] } }, { dscp: 10 });
    expect(await marks(wishes, [{ ...udp("10.1.1.1"), tos: 0xb8 }, udp("192.0.2.7")])).toEqual([46, 10]);
  });
});

describe("the catch-all", () => {
  it("stands behind all rules: conf rules, then pod-qos/dscp", async () => {
    const wishes: Wishes = {
      annotations: {
        "pod-qos/dscp": "CS1",
        "pod-qos/egress": '[{"dscp": 20, "classifier": {"ports": [{"port": 53}]}}]',
      },
      conf: {
        egress: [{ dscp: "AF41", classifier: { to: [to("192.0.2.0/24")] } }],
        defaults: { dscp: "CS7" },
      },
    };
    const packets = [udp("192.0.2.7", 53), udp("192.0.2.7"), udp("203.0.113.7"), udp("2001:db8:ffff::7", 53)];
    expect(await marks(wishes, packets)).toEqual([20, 34, 8, 20]);
  });
});

describe("several interfaces of one pod", () => {
  it("002-1 each have rules of their own", async () => {
    const annotations = {
      "pod-qos/egress": '[{"dscp": 20}]',
      "net1.pod-qos/egress": "- dscp: EF\n  classifier:\n    ports: [{protocol: UDP, port: 5000}]\n",
    };
    const first = await podWith(node, { annotations });

    const second = await ruledPod(node, first.pod, { annotations, wire: { podDevice: "net1" } });
    expect((await second.call("ADD")).exitCode).toBe(0);
    expect(
      await sendAndSee(node, first.pod, nodeEnd(node, first.wire), [udp(first.wire.node4, 5000)]),
    ).toEqual([80]);
    const packets = [
      udp(second.wire.node4, 5000),
      udp(second.wire.node4, 5001),
      udp(second.wire.node6, 5000),
    ];
    expect(await sendAndSee(node, first.pod, nodeEnd(node, second.wire), packets)).toEqual([184, 0, 184]);
    expect((await second.call("DEL")).exitCode).toBe(0);
    expect(await sendAndSee(node, first.pod, nodeEnd(node, second.wire), packets)).toEqual([0, 0, 0]);
    expect(
      await sendAndSee(node, first.pod, nodeEnd(node, first.wire), [udp(first.wire.node4, 5000)]),
    ).toEqual([80]);
    await first.end();
  });
});
