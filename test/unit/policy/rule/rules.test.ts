import { describe, expect, it } from "vitest";
import { ErrorCode } from "../../../../plugin/errors.ts";
import { parseRules } from "../../../../plugin/policy/rule/rules.ts";
import { refusal } from "../../support/refusal.ts";
import { classified, ruleOf, rulesOf, to } from "../../support/rule.ts";

const four = (address: string, prefix: number) => ({ family: 4, address, prefix });

describe("a rule", () => {
  it("002-12 keeps its place in the list, and says where it was written", () => {
    const rules = rulesOf({ dscp: 1 }, { dscp: 2 }, { dscp: 3 });
    expect(rules.map(({ dscp, source }) => [dscp, source])).toEqual([
      [1, "egress[0]"],
      [2, "egress[1]"],
      [3, "egress[2]"],
    ]);
  });

  it.each([
    [20, 20],
    ["20", 20],
    ["EF", 46],
    [0, 0],
    [undefined, undefined],
    [null, undefined],
  ])("002-23 has the mark %j in a list of our own", (dscp, mark) => {
    expect(rulesOf({ dscp })).toEqual([ruleOf({ dscp: mark, source: "egress[0]" })]);
  });

  it("may have neither mark nor limit: it carves traffic out of what follows", () => {
    expect(classified({ to: [to("10.0.0.0/8")] }, {})).toMatchObject({ dscp: undefined, limit: undefined });
  });

  it.each([
    [{ rate: 20_000 }, { rate: 20e6, burst: undefined, discipline: "police" }],
    [
      { rate: 20_000, burst: 100 },
      { rate: 20e6, burst: 100e3, discipline: "police" },
    ],
    [
      { rate: 1, discipline: "shape" },
      { rate: 1000, burst: undefined, discipline: "shape" },
    ],
    [
      { rate: 4294967295, burst: 1 },
      { rate: 4294967295e3, burst: 1000, discipline: "police" },
    ],
    [
      { rate: 4294967295, burst: 34359738 },
      { rate: 4294967295e3, burst: 34359738e3, discipline: "police" },
    ],
    [
      { rate: 5, burst: null },
      { rate: 5000, burst: undefined, discipline: "police" },
    ],
  ])("002-14 002-15 002-16 reads the bandwidth %j in kbit/s and kilobits", (bandwidth, limit) => {
    expect(rulesOf({ bandwidth })[0]?.limit).toEqual(limit);
  });

  it.each([
    [[], "egress", ErrorCode.invalidConfig],
    [{}, "egress", ErrorCode.invalidConfig],
  ])("must stand in a list: %j", (value, _, code) => {
    if (Array.isArray(value)) expect(parseRules("egress", value, "own list")).toEqual([]);
    else expect(refusal(() => parseRules("egress", value, "own list")).code).toBe(code);
  });
});

describe("a classifier", () => {
  it("002-18 002-19 has blocks with what is carved out of them", () => {
    const { to: blocks, from } = classified({
      to: [to("0.0.0.0/0", "10.11.12.13/32", "172.16.0.0/12", "192.168.0.0/16"), to("2001:db8::/32")],
      from: [to("10.244.0.0/16")],
    });
    expect(blocks).toEqual([
      {
        cidr: four("0.0.0.0", 0),
        except: [four("10.11.12.13", 32), four("172.16.0.0", 12), four("192.168.0.0", 16)],
      },
      { cidr: { family: 6, address: "2001:db8::", prefix: 32 }, except: [] },
    ]);
    expect(from).toEqual([{ cidr: four("10.244.0.0", 16), except: [] }]);
  });

  it("takes a single address as an exception, as upstream's own objects name them", () => {
    const { to: blocks } = classified({
      to: [to("192.0.2.0/24", "192.0.2.1"), to("2001:db8::/32", "2001:DB8::1")],
    });
    expect(blocks.map(({ except }) => except)).toEqual([
      [four("192.0.2.1", 32)],
      [{ family: 6, address: "2001:db8::1", prefix: 128 }],
    ]);
  });

  it.each([
    ["whole protocols", [{ protocol: "UDP" }], [["UDP", undefined]]],
    ["single ports", [{ protocol: "TCP", port: 443 }], [["TCP", 443]]],
    ["SCTP", [{ protocol: "SCTP", port: 1 }], [["SCTP", 1]]],
    [
      "a port of no protocol as that port of all three",
      [{ port: 53 }],
      [
        ["TCP", 53],
        ["UDP", 53],
        ["SCTP", 53],
      ],
    ],
    [
      "TCP beside TCP:80 as TCP whole",
      [{ protocol: "TCP" }, { protocol: "TCP", port: 80 }],
      [["TCP", undefined]],
    ],
    [
      "TCP:80 beside TCP as TCP whole",
      [{ protocol: "TCP", port: 80 }, { protocol: "TCP" }],
      [["TCP", undefined]],
    ],
    [
      "a port said twice once",
      [{ protocol: "TCP", port: 80 }, { port: 80 }],
      [
        ["TCP", 80],
        ["UDP", 80],
        ["SCTP", 80],
      ],
    ],
    ["no ports as every packet", [], []],
  ] as const)("002-20 reads %s", (_, ports, services) => {
    expect(classified({ ports }).services.map(({ protocol, port }) => [protocol, port])).toEqual(services);
  });

  it.each([{}, { to: [], from: [], ports: [] }, { to: null, from: null, ports: null }, null])(
    "001-7 that says nothing takes every packet: %j",
    (classifier) => {
      expect(classified(classifier)).toMatchObject({ to: [], from: [], services: [] });
    },
  );
});

const inTo = (ipBlock: unknown) => ({ classifier: { to: [{ ipBlock }] } });
const inPorts = (port: unknown) => ({ classifier: { ports: [port] } });
const block = "egress[0].classifier.to[0].ipBlock";
const port = "egress[0].classifier.ports[0]";

describe("is refused with field, value and what is allowed:", () => {
  it.each([
    [5, "egress[0]: 5 is not valid: an object"],
    [{ dcsp: 5 }, '"egress[0].dcsp": known are dscp, bandwidth, classifier'],
    [{ dscp: 64 }, "egress[0].dscp: 64 is not valid: 0 to 63"],
    [{ dscp: -1 }, "egress[0].dscp: -1 is not valid"],
    [{ dscp: "ef" }, 'egress[0].dscp: "ef" is not valid'],
    [{ bandwidth: 5 }, "egress[0].bandwidth: 5 is not valid: an object"],
    [{ bandwidth: {} }, "egress[0].bandwidth: {} limits nothing without a rate"],
    [
      { bandwidth: { burst: 100 } },
      '{"burst":100} limits nothing without a rate: set egress[0].bandwidth.rate',
    ],
    [
      { bandwidth: { rate: 0 } },
      "egress[0].bandwidth.rate: 0 is not valid: a whole number from 1 to 4294967295",
    ],
    [{ bandwidth: { rate: 4294967296 } }, "egress[0].bandwidth.rate: 4294967296 is not valid"],
    [{ bandwidth: { rate: 1.5 } }, "egress[0].bandwidth.rate: 1.5 is not valid"],
    [{ bandwidth: { rate: "20M" } }, 'egress[0].bandwidth.rate: "20M" is not valid'],
    [{ bandwidth: { rate: 1, burst: 0 } }, "egress[0].bandwidth.burst: 0 is not valid"],
    [
      { bandwidth: { rate: 1, burst: 34359739 } },
      "egress[0].bandwidth.burst: 34359739 is not valid: a whole number from 1 to 34359738",
    ],
    [{ bandwidth: { rate: 1, discipline: "drop" } }, "one of shape, police"],
    [{ bandwidth: { rate: 1, ceil: 2 } }, '"egress[0].bandwidth.ceil": known are rate, burst, discipline'],
    [{ classifier: [] }, "egress[0].classifier: [] is not valid: an object"],
    [{ classifier: { too: [] } }, '"egress[0].classifier.too": known are to, from, ports'],
    [{ classifier: { to: {} } }, "egress[0].classifier.to: {} is not valid: a list"],
    [{ classifier: { to: [{}] } }, "egress[0].classifier.to[0]: {} is not valid: an object with ipBlock"],
    [{ classifier: { to: [{ ipblock: {} }] } }, '"egress[0].classifier.to[0].ipblock": known are ipBlock'],
    [
      { classifier: { from: [{ podSelector: {} }] } },
      "egress[0].classifier.from[0].podSelector: packets of a pod come from its own addresses",
    ],
    [
      { classifier: { to: [{ namespaceSelector: { app: "x" } }] } },
      '"egress[0].classifier.to[0].namespaceSelector.app": known are matchLabels',
    ],
    [
      { classifier: { to: [{ ipBlock: {}, podSelector: {} }] } },
      'egress[0].classifier.to[0]: {"ipBlock":{},"podSelector":{}} is not valid: ipBlock or podSelector: make two entries of it',
    ],
    [inTo({}), `${block}: {} is not valid: an object with cidr`],
    [inTo({ cidr: "192.0.2.1" }), `${block}.cidr: "192.0.2.1" is not valid`],
    [inTo({ cidr: "10.0.0.0/8", exept: [] }), `"${block}.exept": known are cidr, except`],
    [
      inTo({ cidr: "10.0.0.0/8", except: ["192.0.2.0/24"] }),
      `${block}.except[0]: "192.0.2.0/24" is not valid`,
    ],
    [
      inTo({ cidr: "10.0.0.0/8", except: ["10.0.0.0/8"] }),
      `a CIDR inside ${block}.cidr 10.0.0.0/8 and smaller`,
    ],
    [inTo({ cidr: "10.0.0.0/8", except: ["192.0.2.1"] }), `${block}.except[0]: "192.0.2.1" is not valid`],
    [inTo({ cidr: "10.0.0.1/32", except: ["10.0.0.1"] }), `${block}.except[0]: "10.0.0.1" is not valid`],
    [inTo({ cidr: "10.0.0.0/8", except: ["0.0.0.0/0"] }), `${block}.except[0]: "0.0.0.0/0" is not valid`],
    [inTo({ cidr: "::/0", except: ["10.0.0.0/8"] }), `${block}.except[0]: "10.0.0.0/8" is not valid`],
    [
      inTo({ cidr: "0.0.0.0/0", except: ["2001:db8::/32"] }),
      `${block}.except[0]: "2001:db8::/32" is not valid`,
    ],
    [
      inTo({ cidr: "10.0.0.0/8", except: "10.1.0.0/16" }),
      `${block}.except: "10.1.0.0/16" is not valid: a list`,
    ],
    [inPorts({}), `${port}: {} is not valid: an object with protocol, port or both`],
    [inPorts({ protocol: null, port: null }), "an object with protocol, port or both"],
    [inPorts({ protocol: "tcp" }), `${port}.protocol: "tcp" is not valid: one of TCP, UDP, SCTP`],
    [inPorts({ protocol: "TCPfoo" }), `${port}.protocol: "TCPfoo" is not valid`],
    [inPorts({ protocol: "xUDPy" }), `${port}.protocol: "xUDPy" is not valid`],
    [inPorts({ protocol: "ICMP" }), `${port}.protocol: "ICMP" is not valid`],
    [inPorts({ port: 0 }), `${port}.port: 0 is not valid: a whole number from 1 to 65535`],
    [inPorts({ port: 65536 }), `${port}.port: 65536 is not valid`],
    [inPorts({ port: "443" }), `${port}.port: "443" is not valid`],
    [inPorts({ port: 80, endPort: 90 }), `"${port}.endPort": known are protocol, port`],
  ])("%j", (rule, text) => {
    const { code, message } = refusal(() => rulesOf(rule));
    expect(code).toBe(ErrorCode.invalidConfig);
    expect(message).toContain(text);
  });

  it.each([undefined, null, "20", "EF", 64, -1, 1.5])("002-13 in a manifest, the dscp %j", (dscp) => {
    const { message } = refusal(() => parseRules("egress", [{ dscp }], "manifest"));
    expect(message).toContain(`egress[0].dscp: ${JSON.stringify(dscp ?? null)} is not valid`);
  });
});
