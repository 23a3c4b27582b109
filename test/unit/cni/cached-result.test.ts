/** libcni's cache of an attachment, and the request that its ADD would have been by a conf of now. */
import { describe, expect, test } from "vitest";
import {
  isAttachment,
  marksIn,
  parseCachedResult,
  requestFrom,
  type CachedResult,
} from "../../../plugin/cni/cached-result.ts";

const entry = {
  type: "pod-qos",
  cniVersion: "1.0.0",
  name: "podnet",
  capabilities: { bandwidth: true, "io.kubernetes.cri.pod-annotations": true },
};
const result = {
  cniVersion: "1.0.0",
  interfaces: [
    { name: "veth1", mac: "aa:aa:aa:aa:aa:aa" },
    { name: "eth0", mac: "0A:58:00:00:00:01", sandbox: "/run/netns/a" },
  ],
  ips: [{ interface: 1, address: "10.88.0.2/16" }],
};
const written = {
  kind: "cniCacheV1",
  containerId: "c1",
  config: Buffer.from('{"name":"podnet"}').toString("base64"),
  ifName: "eth0",
  networkName: "podnet",
  netns: "/run/netns/b",
  cniArgs: [
    ["K8S_POD_NAMESPACE", "prod"],
    ["K8S_POD_NAME", "web-1"],
  ],
  capabilityArgs: {
    bandwidth: { IngressRate: 1000, IngressBurst: 4294967295, EgressRate: 0, EgressBurst: 0 },
    "io.kubernetes.cri.pod-annotations": { "pod-qos/dscp": "EF" },
    portMappings: [],
  },
  result,
};
const read = (changes: object = {}): CachedResult => {
  const cached = parseCachedResult(JSON.stringify({ ...written, ...changes }));
  if (cached === undefined) throw new Error("it is one");
  return cached;
};

describe("the cache of an attachment", () => {
  test("says who it is, by which chain and with what it was added", () => {
    expect(read()).toMatchObject({
      network: "podnet",
      containerId: "c1",
      ifname: "eth0",
      netns: "/run/netns/b",
      chain: '{"name":"podnet"}',
      args: { K8S_POD_NAMESPACE: "prod", K8S_POD_NAME: "web-1" },
    });
  });

  test("has the namespace of the result where libcni kept none", () => {
    expect(read({ netns: undefined }).netns).toBe("/run/netns/a");
    expect(read({ netns: undefined, result: undefined }).netns).toBe("");
  });

  test.each([
    ["no JSON", "{"],
    ["a list", "[]"],
  ])("is none in %s", (_, text) => expect(parseCachedResult(text)).toBeUndefined());

  test.each([
    ["no container", { containerId: "" }],
    ["a container that leads elsewhere", { containerId: "../c1" }],
    ["a network that leads elsewhere", { networkName: "a/b" }],
    ["no interface", { ifName: "" }],
    ["an interface that cannot be", { ifName: "a/b" }],
  ])("is of no attachment with %s", (_, changes) => expect(isAttachment(read(changes))).toBe(false));

  test("tells the interface by its MAC and its addresses", () => {
    expect(isAttachment(read())).toBe(true);
    expect(marksIn(read())).toEqual({ ifname: "eth0", mac: "0a:58:00:00:00:01", addresses: ["10.88.0.2"] });
    expect(marksIn(read({ result: {} }))).toEqual({ ifname: "eth0", mac: undefined, addresses: [] });
  });
});

describe("the request of a conf of now", () => {
  test("has what the conf declares and no more", () => {
    const request = requestFrom(read(), entry);
    expect(request).toMatchObject({
      call: { verb: "ADD", containerId: "c1", netns: "/run/netns/b", ifname: "eth0" },
      pod: { namespace: "prod", name: "web-1" },
      addresses: ["10.88.0.2"],
      runtime: { ingress: { rate: 1000 }, annotations: { "pod-qos/dscp": "EF" }, gaveAnnotations: true },
    });
    const deaf = requestFrom(read(), { ...entry, capabilities: { bandwidth: true } });
    expect(deaf.runtime).toMatchObject({ annotations: {}, gaveAnnotations: false });
    expect(requestFrom(read(), { ...entry, capabilities: {} }).runtime.ingress.rate).toBeUndefined();
  });

  test("cannot be where the conf cannot", () => {
    expect(() => requestFrom(read(), { ...entry, egressRat: 1 })).toThrow(/egressRat/);
  });
});
