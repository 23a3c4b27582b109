import { describe, expect, it } from "vitest";
import { parseUplink } from "../../../plugin/cni/uplink.ts";
import { plan } from "../../../plugin/datapath/plan.ts";
import { membersOf, storable } from "../../../plugin/datapath/uplink/sets.ts";
import { uplinkState, type UplinkState } from "../../../plugin/datapath/uplink/state.ts";
import { addChains } from "../../../plugin/program/iptables/chain.ts";
import { addToSets } from "../../../plugin/program/ipset/members.ts";
import { addTc } from "../../../plugin/program/tc/render.ts";
import { taskOf } from "../support/task.ts";
import { runbook, stateOf, uplinkOf } from "../support/uplink.ts";

function rendered(state: UplinkState): string {
  const { iptables, ip6tables } = state.chains;
  const batches = [
    addTc(state.tree),
    addToSets(state.sets, []),
    iptables && addChains("iptables", [iptables]),
    ip6tables && addChains("ip6tables", [ip6tables]),
  ];
  return batches.flatMap((batch) => (batch ? [`${batch.argv.join(" ")}\n${batch.input}`] : [])).join("\n");
}

describe("an uplink in the kernel", () => {
  it("000-7 000-8 000-9 is what the runbook looks for", async () => {
    await expect(rendered(stateOf(runbook))).toMatchFileSnapshot("../golden/uplink/runbook.txt");
  });

  it("on a small kernel without IPv6 has short queues and one family", async () => {
    const state = uplinkState(uplinkOf(runbook), { mtu: 9000, fqCodel: false, ipv6: false });
    await expect(rendered(state)).toMatchFileSnapshot("../golden/uplink/small.txt");
  });

  it("takes explicit bursts and quantum as they are", () => {
    const state = stateOf({
      ...runbook,
      classes: { default: { rate: "8M", burst: "80k", cburst: "160k", quantum: 3000 } },
    });
    expect(addTc(state.tree).input).toMatch(
      /classid 1:10 htb rate 1000000bps ceil 118750000bps burst 10000 cburst 20000 quantum 3000 prio 0\n/,
    );
  });

  it("000-15 what is left over is shared in proportion to the guarantees", () => {
    const quanta = stateOf({
      ...runbook,
      classes: {
        default: { rate: "150M" },
        bulk: { rate: "50M" },
        tiny: { rate: "1M" },
        huge: { rate: "700M" },
      },
    }).tree.flatMap((object) => (object.kind === "htb-class" ? [object.quantum] : []));
    expect(quanta).toEqual([1514, 18_750, 6_250, 1514, 87_500]);
  });

  it("no packet passes beside the classes", () => {
    expect(stateOf(runbook).root.directPackets).toBe(0);
  });
});

describe("a pod's addresses", () => {
  it("000-10 join the set of their family", () => {
    expect(membersOf("bulkseed-pods", ["192.0.2.7", "2001:db8::7"])).toEqual([
      { set: "bulkseed-pods", address: "192.0.2.7" },
      { set: "bulkseed-pods-v6", address: "2001:db8::7" },
    ]);
  });

  it("written as IPv6 though they are IPv4 join the set of IPv4, which is what the packets have", () => {
    expect(membersOf("bulkseed-pods", ["::ffff:192.0.2.7", "::FFFF:c000:208"])).toEqual([
      { set: "bulkseed-pods", address: "192.0.2.7" },
      { set: "bulkseed-pods", address: "192.0.2.8" },
    ]);
  });

  it("that no packet has join none, for a set refuses them", () => {
    const none = ["0.0.0.0", "::", "0::0.0.0.0", "::ffff:0.0.0.0", "192.0.2.300", ""];
    expect(membersOf("bulkseed-pods", none)).toEqual([]);
    expect(storable([...none, "192.0.2.7"].map((address) => ({ set: "x", address })))).toEqual([
      { set: "x", address: "192.0.2.7" },
    ]);
  });

  it("are read from a record as ipset prints them", () => {
    expect(storable([{ set: "x", address: "::ffff:c000:207" }])).toEqual([
      { set: "x", address: "::ffff:192.0.2.7" },
    ]);
  });

  it("000-6 of the default class join none", () => {
    expect(membersOf(undefined, ["192.0.2.7"])).toEqual([]);
  });
});

describe("a pod of a class, in its own namespace", () => {
  const uplink = uplinkOf(runbook);
  const [chosen] = uplink.classes;
  if (chosen === undefined) throw new Error("the runbook has classes");
  const link = { device: "eth0", speed: 1e9, mtu: 1500 };
  const conf = parseUplink("uplink", runbook);
  const choice = { uplink, chosen, source: "uplink.default", undecided: [], conf, link };
  const inPod = (more: Parameters<typeof taskOf>[0]): readonly string[] =>
    plan(taskOf({ uplink: choice, ...more })).map(({ tool, place }) => `${tool} ${place}`);

  it("has what no rule of the node could do", () => {
    expect(inPod({ hostEnd: undefined })).toEqual(["iptables pod", "ip6tables pod"]);
  });

  it.each(["auto", "host", "pod"] as const)(
    "has nothing on a veth, which the node sees, enforce %s",
    (enforce) => {
      expect(inPod({ enforce })).toEqual([]);
    },
  );
});
