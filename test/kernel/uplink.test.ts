/** What the conf cannot bring about, but a kernel might: an uplink that cannot be finished. */
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { parseUplink } from "../../plugin/cni/uplink.ts";
import { uplinkState, type UplinkState } from "../../plugin/datapath/uplink/state.ts";
import { decideUplink } from "../../plugin/policy/uplink/uplink.ts";
import type { Driving } from "../lab/uplink/driven-uplink.ts";
import { suite } from "../lab/node/needs.ts";
import { membersOf, openUplinkSite, uplink200, type UplinkSite } from "../lab/uplink/uplink.ts";

const decided = decideUplink(parseUplink("uplink", uplink200), { device: "eth0", speed: undefined });
const wanted = uplinkState(decided, { mtu: 1500, fqCodel: false, ipv6: true });

const ensure = async (
  { node }: UplinkSite,
  state: UplinkState,
  members: Driving["members"] = [],
): Promise<string> => {
  const script = fileURLToPath(new URL("../lab/uplink/driven-uplink.ts", import.meta.url));
  return (
    await node.exec(process.execPath, [script], {
      input: JSON.stringify({ state, members } satisfies Driving),
    })
  ).stdout;
};

suite("an uplink that cannot be finished", { tools: ["ipset"] }, () => {
  it("does not shut the node in: a root without its default class would drop all that the node sends", async () => {
    const site = await openUplinkSite();
    await using _ = site.node;
    const tree = wanted.tree.map((object) =>
      object.kind === "htb-class" && object.classid === "1:10" ? { ...object, rate: 0 } : object,
    );
    expect(await ensure(site, { ...wanted, tree })).toContain("the kernel refused");
    expect((await site.node.exec("tc", ["qdisc", "show", "dev", "eth0"])).stdout).not.toContain("htb");
    await site.node.exec("ping", ["-c", "1", "-W", "2", site.server4]);
    expect(await ensure(site, wanted)).toBe("");
    await site.node.exec("ping", ["-c", "1", "-W", "2", site.server4]);
  });

  it.each([
    ["a set that is not ours", "ipset create bulkseed-pods hash:ip", "there is a set bulkseed-pods"],
    [
      "a rule that is not ours",
      "iptables -t mangle -N POD-QOS-UP-eth0; iptables -t mangle -A POD-QOS-UP-eth0 -j ACCEPT",
      "has a rule that is not ours",
    ],
    [
      "no tool to look with",
      'mount --bind /dev/null "$(readlink -f "$(command -v iptables-save)")"',
      "iptables-save: not found",
    ],
  ])("opens the root that a killed ADD left shut, when it ends with %s", async (_, command, message) => {
    const site = await openUplinkSite();
    await using node = site.node;
    const shut = "tc qdisc add dev eth0 root handle 1: htb default 10 direct_qlen 0";
    await node.exec("sh", ["-ec", `${shut}; ${command}`]);
    expect(await ensure(site, wanted)).toContain(message);
    await site.node.exec("ping", ["-c", "1", "-W", "2", site.server4]);
  });

  it("opens its own, when what is foreign comes to stand in its way later", async () => {
    const site = await openUplinkSite();
    await using _ = site.node;
    const tree = wanted.tree.map((object) =>
      object.kind === "htb-class" && object.classid === "1:10" ? { ...object, rate: 0 } : object,
    );
    const intruder = site.node.exec("sh", [
      "-c",
      "until iptables -t mangle -A POD-QOS-UP-eth0 -j ACCEPT 2>/dev/null; do :; done",
    ]);
    expect(await ensure(site, { ...wanted, tree })).toContain("is not ours");
    await intruder;
    await site.node.exec("ping", ["-c", "1", "-W", "2", site.server4]);
  });
});

suite("an uplink that is made anew", { tools: ["ipset"] }, () => {
  it("gets the live pods' addresses", async () => {
    const site = await openUplinkSite();
    await using node = site.node;
    const member = { set: "bulkseed-pods", address: "192.0.2.2" };
    expect(await ensure(site, wanted, [member])).toBe("");
    expect(await membersOf(node, member.set)).toEqual([member.address]);
  });
});
