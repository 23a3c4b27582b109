/** OVN-Kubernetes' own cases, as far as they are about who is selected and which rule decides. Upstream's names in quotes. */
import { describe, expect, it } from "vitest";
import type { Labels } from "../../../../plugin/cni/request.ts";
import { decide } from "../../../../plugin/policy/rule/model.ts";
import {
  egressQos,
  networkQos,
  rulesFor,
  selected,
  type Files,
  type Where,
} from "../../support/manifests.ts";
import { to } from "../../support/rule.ts";

type Sent = { readonly to: string; readonly protocol?: string; readonly port?: number };

/** The mark that a packet leaves with; 0 where nothing decides. */
async function markOn(files: Files, where: Where, sent: Sent): Promise<number> {
  const rules = await rulesFor(files, where);
  const source = sent.to.includes(":") ? "2001:db8:ffff::1" : "10.244.0.5";
  const decided = decide(rules, {
    source,
    destination: sent.to,
    protocol: sent.protocol ?? "ICMP",
    port: sent.port,
  });
  return decided === undefined ? 0 : (rules[decided]?.dscp ?? 0);
}

const families = [
  { family: "ipv4", first: "192.0.2.1", second: "192.0.2.2", length: 32 },
  { family: "ipv6", first: "2001:db8::1", second: "2001:db8::2", length: 128 },
] as const;

describe.each(families)("egressqos.go, $family", ({ first, second, length }) => {
  const marking = (one: number, two: number, matchLabels: Labels = { app: "test" }) => ({
    "a.json": egressQos([
      { dscp: one, dstCIDR: `${first}/${length}` },
      { dscp: two, podSelector: { matchLabels } },
    ]),
  });

  it.each([
    ["001-10 created", marking(49, 48), 49, 48],
    ["003-11 updated", marking(40, 30), 40, 30],
    ["001-17 deleted", {}, 0, 0],
  ])('"Should validate correct DSCP value on EgressQoS resource changes": %s', async (_, files, one, two) => {
    const where = { labels: { app: "test" } };
    expect([await markOn(files, where, { to: first }), await markOn(files, where, { to: second })]).toEqual([
      one,
      two,
    ]);
  });

  it.each([
    ["none", {}, 0, 0],
    ["the first rule's", { app: "one" }, 49, 0],
    ["the second rule's", { tier: "two" }, 0, 48],
    ["both", { app: "one", tier: "two" }, 49, 48],
    ["others", { app: "three" }, 0, 0],
  ])(
    '001-14 003-10 "Should validate correct DSCP value on pod labels changes": %s',
    async (_, labels, one, two) => {
      const files = {
        "a.json": egressQos([
          { dscp: 49, dstCIDR: `${first}/${length}`, podSelector: { matchLabels: { app: "one" } } },
          { dscp: 48, dstCIDR: `${second}/${length}`, podSelector: { matchLabels: { tier: "two" } } },
        ]),
      };
      expect([
        await markOn(files, { labels }, { to: first }),
        await markOn(files, { labels }, { to: second }),
      ]).toEqual([one, two]);
    },
  );
});

describe.each(families)("networkqos.go, $family", ({ first, second, length }) => {
  const peer = to(`${first}/${length}`);
  const tcp = { protocol: "TCP" };

  /** Upstream lists the general rule first, for there the later one wins: here the same order is the other way round. */
  const overlay = {
    "a.json": networkQos({
      podSelector: { matchLabels: { app: "client" } },
      egress: [
        { dscp: 52, classifier: { to: [peer], ports: [{ ...tcp, port: 80 }] } },
        { dscp: 51, classifier: { to: [peer], ports: [tcp] } },
        { dscp: 50, classifier: { to: [peer] } },
      ],
    }),
  };

  it.each<readonly [string, Sent, number]>([
    ["ping", { to: first }, 50],
    ["TCP, any port", { to: first, protocol: "TCP", port: 9090 }, 51],
    ["TCP:80", { to: first, protocol: "TCP", port: 80 }, 52],
    ["another destination", { to: second, protocol: "TCP", port: 80 }, 0],
  ])(
    '002-12 "Should have correct DSCP value for overlay traffic when NetworkQoS is applied": %s',
    async (_, sent, dscp) => {
      expect(await markOn(overlay, { labels: { app: "client" } }, sent)).toBe(dscp);
      expect(await markOn(overlay, { labels: {} }, sent)).toBe(0);
    },
  );

  it.each([
    [10_000, undefined],
    [5_000, [tcp]],
    [5_000, [{ ...tcp, port: 80 }]],
  ])(
    '002-14 "Limits egress traffic ... below the specified rate in NetworkQoS spec": %d, ports %j',
    async (rate, ports) => {
      const classifier = { to: [peer], ...(ports === undefined ? {} : { ports }) };
      const files = { "a.json": networkQos({ egress: [{ dscp: 50, bandwidth: { rate }, classifier }] }) };
      expect((await rulesFor(files))[0]?.limit).toEqual({
        rate: rate * 1000,
        burst: undefined,
        discipline: "police",
      });
    },
  );
});

describe("network_qos_test.go", () => {
  const limited = { rate: 10_000, burst: 100_000 };
  const priority = 100;

  it("002-9 no podSelector: the whole namespace", async () => {
    const files = { "a.json": networkQos({ priority, egress: [{ dscp: 50, bandwidth: limited }] }) };
    for (const labels of [{}, { app: "x" }])
      expect(await markOn(files, { labels }, { to: "192.0.2.1" })).toBe(50);
  });

  it('002-23 "clear QoS attributes": without its bandwidth a rule marks only', async () => {
    const [before] = await rulesFor({ "a.json": networkQos({ egress: [{ dscp: 50, bandwidth: limited }] }) });
    const [after] = await rulesFor({ "a.json": networkQos({ priority: 1, egress: [{ dscp: 50 }] }) });
    expect(before?.limit).toEqual({ rate: 10e6, burst: 100e6, discipline: "police" });
    expect(after).toMatchObject({ dscp: 50, limit: undefined });
  });

  it("002-11 two objects: the one with the higher priority decides, whatever files they are in", async () => {
    const files = {
      "a.json": networkQos({ name: "low", priority: 10, egress: [{ dscp: 10 }] }),
      "b.json": networkQos({ name: "high", priority: 11, egress: [{ dscp: 11 }] }),
    };
    expect(await markOn(files, {}, { to: "192.0.2.1" })).toBe(11);
  });

  it("neighbouring priorities do not collide, as upstream's numbers do from the eleventh rule on", async () => {
    const rules = Array.from({ length: 20 }, (_, at) => ({
      dscp: at,
      classifier: { ports: [{ protocol: "TCP", port: 1000 + at }] },
    }));
    const files = {
      "a.json": networkQos({ name: "low", priority: 10, egress: rules }),
      "b.json": networkQos({
        name: "high",
        priority: 11,
        egress: [{ dscp: 63, classifier: { ports: [{ protocol: "TCP" }] } }],
      }),
    };
    for (const port of [1000, 1009, 1010, 1019]) {
      expect(await markOn(files, {}, { to: "192.0.2.1", protocol: "TCP", port })).toBe(63);
    }
  });

  it('"ignores unknown NAD": a network that no NAD makes is not selected by one', async () => {
    const networkSelectors = [
      {
        networkSelectionType: "NetworkAttachmentDefinitions",
        networkAttachmentDefinitionSelector: {
          namespaceSelector: {},
          networkSelector: { matchLabels: { name: "stream" } },
        },
      },
    ];
    const { networkQos: chosen, warnings } = await selected(
      { "a.json": networkQos({ networkSelectors }) },
      {},
    );
    expect([chosen, warnings]).toEqual([[], []]);
  });
});
