/** What goes into the tools. Adding is shown by golden/plan; here are removal, listing and what comes back from ip. */
import { describe, expect, it } from "vitest";
import { policer, redirect, shaper } from "../../../plugin/datapath/shaper.ts";
import { addLinks, parseLinks, removeLinks, showLink } from "../../../plugin/program/link/ifb.ts";
import { addTc, listTc, removeHolders, removeTc } from "../../../plugin/program/tc/render.ts";
import { describeTc } from "../../../plugin/program/tc/objects.ts";
import { fixture } from "../support/fixture.ts";

const bucket = { rate: 2_500_000, burst: 25_000 };
const tree = shaper(
  "eth0",
  bucket,
  { kind: "tbf", rate: 125_000_000, burst: 1770, limitBytes: 28_320 },
  1500,
);

describe("tc", () => {
  it("a low rate's leaf is a tbf with a queue of 16 buckets", () => {
    expect(addTc(tree).input).toContain(
      "qdisc add dev eth0 parent 905:1 handle 906: tbf rate 125000000bps burst 1770 limit 28320\n",
    );
  });

  it("removal is in reverse, by handle, pref and classifier, goes on after an error, and leaves to the kernel what goes with a root", () => {
    const objects = [
      ...tree,
      ...policer("eth0", "egress", bucket, "matchall"),
      ...redirect("eth0", "u32", "pq0").slice(1),
    ];
    expect(removeTc(objects)).toEqual({
      argv: ["tc", "-force", "-batch", "-"],
      input:
        "filter del dev eth0 ingress protocol all pref 65000 u32\n" +
        "filter del dev eth0 egress protocol all pref 9 matchall\n" +
        "qdisc del dev eth0 root handle 905:\n" +
        "filter show dev eth0 ingress\n" +
        "filter show dev eth0 egress\n",
    });
  });

  it("a clsact goes in a batch of its own, once nobody's filter is left in it", () => {
    expect(removeHolders([{ kind: "clsact", dev: "eth0" }])?.input).toBe("qdisc del dev eth0 clsact\n");
    expect(removeHolders([])).toBeUndefined();
  });

  it("listing asks in the order by which the hook of a filter is told", () => {
    expect(listTc("eth0").input).toBe(
      "filter show dev eth0 ingress\nqdisc show dev eth0\nfilter show dev eth0 egress\nclass show dev eth0\nfilter show dev eth0\n",
    );
  });

  it("every object has words by which an operator finds it", () => {
    const objects = [
      ...tree,
      ...policer("eth0", "egress", bucket, "matchall"),
      ...redirect("eth0", "u32", "pq0").slice(1),
    ];
    expect(objects.map(describeTc)).toEqual([
      "root qdisc htb 905: on eth0",
      "htb class 905:1 on eth0",
      "leaf qdisc tbf 906: on eth0",
      "clsact qdisc on eth0",
      "police filter pref 9 at egress of eth0",
      "redirect filter pref 65000 at ingress of eth0 to pq0",
    ]);
  });
});

describe("ip", () => {
  const ifb = { kind: "ifb", name: "pq0123456789abc", mtu: 9000, alias: "pod-qos podnet c1 eth0" } as const;

  it("adds, removes and shows a link", () => {
    expect(addLinks([ifb]).input).toBe(
      "link add name pq0123456789abc mtu 9000 txqueuelen 1000 type ifb\n" +
        'link set dev pq0123456789abc alias "pod-qos podnet c1 eth0"\n' +
        "link set dev pq0123456789abc up\n",
    );
    expect(removeLinks([ifb])).toEqual({
      argv: ["ip", "-force", "-batch", "-"],
      input: "link del dev pq0123456789abc\n",
    });
    expect(showLink("eth0").argv).toEqual(["ip", "-j", "-d", "link", "show", "dev", "eth0"]);
  });

  it.each([
    [
      "ifb",
      {
        name: "pq0123456789abc",
        kind: "ifb",
        up: true,
        alias: "pod-qos podnet 0123 eth0",
        peerIndex: undefined,
      },
    ],
    ["veth", { name: "eth0", kind: "veth", up: false, alias: "", peerIndex: 2 }],
    ["macvlan", { name: "mv0", kind: "macvlan", up: false, alias: "", peerIndex: undefined }],
    ["loopback", { name: "lo", kind: "", up: false, alias: "", peerIndex: undefined }],
  ])("what it prints of a %s is read back", (name, expected) => {
    expect(parseLinks(fixture("fixtures", "link", `${name}.txt`))).toEqual([
      expect.objectContaining(expected),
    ]);
  });

  it("a link without a carrier is up all the same: up is what somebody set", () => {
    const text = fixture("fixtures", "link", "ifb.txt").replace('"LOWER_UP"', '"NO-CARRIER"');
    expect(parseLinks(text)[0]?.up).toBe(true);
  });

  it.each(["", "\n", "[]", "[{},{},{}]", fixture("fixtures", "link", "none.txt")])(
    "%j means no links",
    (output) => {
      expect(parseLinks(output)).toEqual([]);
    },
  );
});
