import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readCall } from "../../../plugin/cni/call.ts";
import type { JsonObject } from "../../../plugin/cni/fields.ts";
import { cniKeys, ownKeys } from "../../../plugin/cni/keys.ts";
import { resultFrom } from "../../../plugin/cni/prev-result.ts";
import { parseRequest } from "../../../plugin/cni/request.ts";
import { inOurSpelling, sameKey } from "../../../plugin/cni/spelling.ts";
import { ErrorCode } from "../../../plugin/errors.ts";
import { networkOf } from "../../../plugin/policy/manifests/nad.ts";
import { refusal } from "../support/refusal.ts";

const call = readCall({ CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1", CNI_NETNS: "/n", CNI_IFNAME: "eth0" });
const read = (document: JsonObject) => parseRequest(call, inOurSpelling(document));

/** Every place where plugins in Go decode into a struct, and what we read there. */
const document = {
  cniVersion: "1.0.0",
  name: "podnet",
  type: "pod-qos",
  egressRate: 8e6,
  egressBurst: 8e5,
  enforce: "pod",
  stateDir: "/run/elsewhere",
  capabilities: { bandwidth: true },
  runtimeConfig: {
    bandwidth: { ingressRate: 1e6, ingressBurst: 8e4 },
    "io.kubernetes.cri.pod-annotations": { App: "web", app: "other", "pod-qos/dscp": "5" },
  },
  args: { cni: { labels: [{ key: "Tier", value: "front" }] } },
  prevResult: {
    cniVersion: "1.0.0",
    interfaces: [{ name: "veth1" }, { name: "eth0", sandbox: "/n" }],
    ips: [{ address: "192.0.2.5/24", interface: 1 }],
  },
} as const;

/** Maps: their keys are what somebody chose, "app" and "App" are two. */
const maps = new Set(["io.kubernetes.cri.pod-annotations", "capabilities"]);

/** Each letter of a key in one of the ways that Go takes for it. */
const respelled = (key: string, dice: () => number): string =>
  [...key]
    .map((letter) => {
      const ways = [letter, letter.toUpperCase(), letter.toLowerCase()];
      if (letter.toLowerCase() === "s") ways.push("ſ");
      if (letter.toLowerCase() === "k") ways.push("\u212a");
      return ways[dice() % ways.length] ?? letter;
    })
    .join("");

const scrambled = (value: unknown, dice: () => number): unknown => {
  if (Array.isArray(value)) return value.map((entry) => scrambled(entry, dice));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      respelled(key, dice),
      maps.has(key) ? inner : scrambled(inner, dice),
    ]),
  );
};

describe("keys that Go takes in any case", () => {
  it("are read the same, however each is written", () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat()), (stream) => {
        const dice = (): number => Number(stream.next().value);
        expect(read(scrambled(document, dice) as JsonObject)).toEqual(read(document));
      }),
    );
  });

  it("change nothing where they are spelled as we spell them", () => {
    expect(JSON.stringify(inOurSpelling(document))).toBe(JSON.stringify(document));
  });

  it.each([...ownKeys, ...cniKeys])("%s is no other known key in another case", (key) => {
    expect([...ownKeys, ...cniKeys].filter((other) => sameKey(key, other))).toEqual([key]);
  });

  it.each([
    ["ingressRate", "INGREſſRATE", true],
    ["networks", "networ\u212as", true],
    ["ingressRate", "ingress-rate", false],
    ["classes", "claßes", false],
    ["name", "nàme", false],
    ["disableGC", "d\u0130sableGC", false],
    ["disableGC", "d\u0131sableGC", false],
  ])("%s and %s are one key: %s", (one, other, same) => {
    expect(sameKey(one, other)).toBe(same);
  });

  it("of maps mean what they say", () => {
    const { runtime, pod } = read(document);
    expect(runtime.annotations).toEqual(document.runtimeConfig["io.kubernetes.cri.pod-annotations"]);
    expect(pod.labels).toEqual({ Tier: "front" });
    const labels = { Key: "a", VALUE: "b" };
    expect(read({ name: "podnet", args: { cni: { labels } } }).pod.labels).toEqual(labels);
    expect(refusal(() => read({ name: "podnet", capabilities: { bandWidth: true } })).message).toContain(
      '"bandWidth"',
    );
  });

  it.each([
    [{ egressRate: 1e6, EGRESSRATE: 1e7 }, '"EGRESSRATE" is "egressRate"'],
    [{ EGRESSRATE: 1e6, EgressRate: 1e6 }, '"EgressRate" is "egressRate"'],
    [{ NAME: "other" }, '"NAME" is "name"'],
    [{ runtimeConfig: {}, RuntimeConfig: { bandwidth: {} } }, '"RuntimeConfig" is "runtimeConfig"'],
    [
      { runtimeConfig: { bandwidth: null, bandWidth: { egressRate: 1e6 } } },
      '"runtimeConfig.bandWidth" is "runtimeConfig.bandwidth"',
    ],
    [{ args: { cni: { labels: [], Labels: [] } } }, '"args.cni.Labels" is "args.cni.labels"'],
    [
      { prevResult: { ips: [{}, { address: "192.0.2.1", Address: "192.0.2.2" }] } },
      '"prevResult.ips[1].Address" is "prevResult.ips[1].address"',
    ],
    [
      { prevResult: { interfaces: [], INTERFACES: [] } },
      '"prevResult.INTERFACES" is "prevResult.interfaces"',
    ],
  ])("must not be there in two spellings: %j", (conf, named) => {
    const { code, message } = refusal(() => read({ name: "podnet", ...conf }));
    expect([code, message]).toEqual([
      ErrorCode.invalidConfig,
      `${named} a second time: leave one of them out`,
    ]);
  });

  it.each([
    [{ runtimeConfig: { bandwith: { egressRate: 1e6 } } }, '"runtimeConfig.bandwith"', "bandwidth"],
    [{ runtimeConfig: { "pod-annotations": {} } }, '"runtimeConfig.pod-annotations"', "cri.pod-annotations"],
    [{ Egresrate: 1 }, '"Egresrate"', "egressRate"],
    [{ defaults: { DSCP: 5 } }, '"defaults.DSCP"', "dscp"],
  ])("are not what nobody knows: %j", (conf, named, known) => {
    const { code, message } = refusal(() => read({ name: "podnet", ...conf }));
    expect(code).toBe(ErrorCode.invalidConfig);
    expect(message).toContain(`unknown key ${named}: known are `);
    expect(message).toContain(known);
  });
});

describe("002-34 prevResult in another case", () => {
  it.each([
    ['{"CNIVersion":"1.0.0","IPs":[ ]}', '{"CNIVersion":"1.0.0","IPs":[ ]}'],
    ['{"IPs":[1.0],"CNIVERSION":"0.4.0"}', '{"IPs":[1.0],"CNIVERSION":"1.0.0"}'],
    ['{"IPs":[1.0]}', '{"cniVersion":"1.0.0","IPs":[1.0]}'],
  ])("goes back as it came: %s", (previous, result) => {
    expect(resultFrom(`{"PrevResult": ${previous} }`, "1.0.0")).toBe(result);
  });
});

it("the name of a NetworkAttachmentDefinition's network may be in any case, as multus decodes it", () => {
  const object = { spec: { config: '{"Name":"storage","type":"macvlan"}' } };
  expect(networkOf(object, { name: "nad", namespace: "default" } as Parameters<typeof networkOf>[1])).toBe(
    "storage",
  );
});
