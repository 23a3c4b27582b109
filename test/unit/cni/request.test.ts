import { describe, expect, it } from "vitest";
import { isObject, type JsonObject } from "../../../plugin/cni/fields.ts";
import { networkName, parseRequest, podName } from "../../../plugin/cni/request.ts";
import { readCall } from "../../../plugin/cni/call.ts";
import { ErrorCode } from "../../../plugin/errors.ts";
import { decidePolicy, markAll, noRules } from "../../../plugin/policy/policy.ts";
import { fixture } from "../support/fixture.ts";
import { requestOf } from "../support/request.ts";
import { refusal } from "../support/refusal.ts";

const call = readCall({ CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1", CNI_NETNS: "/n", CNI_IFNAME: "eth0" });

describe("runtimeConfig.bandwidth", () => {
  it.each([
    ["containerd's capitals", { IngressRate: 1, IngressBurst: 2, EgressRate: 3, EgressBurst: 4 }],
    ["CRI-O's lower case", { ingressRate: 1, ingressBurst: 2, egressRate: 3, egressBurst: 4 }],
    ["any case, as Go decodes", { INGRESSRATE: 1, ingressburst: 2, eGRESSrATE: 3, EgressBURST: 4 }],
  ])("is read with %s", (_, bandwidth) => {
    const { runtime } = requestOf({ bandwidth });
    expect([runtime.ingress, runtime.egress]).toEqual([
      { rate: 1, burst: 2 },
      { rate: 3, burst: 4 },
    ]);
  });

  it.each([undefined, null, {}])("may be %j", (bandwidth) => {
    expect(requestOf({ bandwidth }).runtime.egress).toEqual({ rate: undefined, burst: undefined });
  });

  it.each([
    { ingresRate: 1e6 },
    { IngressRate: 1e6, burst: 1 },
    { IngressRate: 1e6, ingressRate: 0 },
    { egressRate: null, EgressRate: 5e6 },
  ])("must not have other keys, nor one in two spellings: %j", (bandwidth) => {
    const { code, message } = refusal(() => requestOf({ bandwidth }));
    expect(code).toBe(7);
    expect(message).toContain(
      `runtimeConfig.bandwidth: ${JSON.stringify(bandwidth)} is not valid: the keys are ingressRate`,
    );
  });

  it.each([[], "1M", 5])("must not be %j", (bandwidth) => {
    const { code, message } = refusal(() => requestOf({ bandwidth }));
    expect([code, message]).toEqual([
      ErrorCode.invalidConfig,
      `runtimeConfig.bandwidth: ${JSON.stringify(bandwidth)} is not valid: an object`,
    ]);
  });
});

describe("what containerd 1.6 sent", () => {
  const document: unknown = JSON.parse(fixture("fixtures", "containerd-1.6-add.stdin"));
  const request = parseRequest(call, isObject(document) ? document : {});

  it("004-2 004-3 asks for 10M from the pod and 20M to it, without the sentinel bursts", () => {
    const { ingress, egress, rules } = decidePolicy(request, noRules);
    expect([egress?.rate, egress?.burst]).toEqual([10_000_000, undefined]);
    expect([ingress?.rate, ingress?.burst]).toEqual([20_000_000, undefined]);
    expect(rules).toEqual([markAll("annotation pod-qos/dscp", 46)]);
  });

  it("names the interfaces of the node and of the pod", () => {
    expect(request.interfaces).toEqual([
      { name: "cnitest0", sandbox: "" },
      { name: "veth3543b51d", sandbox: "" },
      { name: "eth0", sandbox: "/var/run/netns/cni-18e1790c-c0ff-7105-7b29-133d587e2cec" },
    ]);
    expect(request.conf.network).toBe("podnet");
  });
});

describe("pod annotations", () => {
  it.each([1, true, null, {}])("must be texts, not %j: the error names the key", (value) => {
    const { message } = refusal(() => requestOf({ annotations: { app: value } }));
    expect(message).toBe(
      `runtimeConfig["io.kubernetes.cri.pod-annotations"]["app"]: ${JSON.stringify(value)} is not valid: a string`,
    );
  });

  it("survive keys that mean something to JavaScript", () => {
    const annotations = JSON.parse('{"__proto__":"x","constructor":"y","pod-qos/dscp":"1"}') as JsonObject;
    expect(decidePolicy(requestOf({ annotations }), noRules).rules).toEqual([
      markAll("annotation pod-qos/dscp", 1),
    ]);
  });
});

describe("prevResult's interfaces", () => {
  it.each([
    [undefined, []],
    [{}, []],
    [{ interfaces: null }, []],
    [{ interfaces: [{ name: "eth0" }, null, 3, { mac: "x" }] }, [{ name: "eth0", sandbox: "" }]],
    [{ interfaces: [{ name: "eth0", sandbox: "/n", mtu: 1500 }] }, [{ name: "eth0", sandbox: "/n" }]],
  ])("of %j", (prevResult, interfaces) => {
    expect(requestOf({ conf: { prevResult } }).interfaces).toEqual(interfaces);
  });
});

it.each([undefined, null, "", 5, "a/b", "../x", "-x"])("the network's name cannot be %j", (name) => {
  const { code, message } = refusal(() => networkName({ name }));
  expect([code, message.startsWith("name")]).toEqual([ErrorCode.invalidConfig, true]);
});

it.each([
  ["K8S_POD_NAMESPACE=prod;K8S_POD_NAME=web-1", "pod prod/web-1"],
  ["IgnoreUnknown=1;K8S_POD_NAME=web-1", "container c1"],
  ["", "container c1"],
])("with CNI_ARGS %j messages speak of %s", (args, name) => {
  expect(
    podName(readCall({ CNI_COMMAND: "DEL", CNI_CONTAINERID: "c1", CNI_IFNAME: "eth0", CNI_ARGS: args })),
  ).toBe(name);
});

const calledWith = (args: Record<string, string>, document: JsonObject) =>
  parseRequest({ ...call, args }, { name: "podnet", ...document }).pod;

describe("the pod", () => {
  it.each([
    [undefined, undefined],
    [null, undefined],
    [{}, undefined],
    [{ cni: {} }, undefined],
    [{ cni: { labels: null } }, undefined],
    [{ cni: { labels: [] } }, {}],
    [{ cni: { labels: [{ key: "app", value: "web" }, { key: "beta" }] } }, { app: "web", beta: "" }],
    [{ cni: { labels: { app: "web" } } }, { app: "web" }],
  ])("has the labels that the runtime gave in args %j, or none known", (args, labels) => {
    expect(calledWith({}, { args }).labels).toEqual(labels);
  });

  it("has the name and namespace of CNI_ARGS", () => {
    const args = { K8S_POD_NAMESPACE: "prod", K8S_POD_NAME: "web-1" };
    expect(calledWith(args, {})).toEqual({ namespace: "prod", name: "web-1", labels: undefined });
  });

  it.each([
    [[1], "args.cni.labels[0]: 1 is not valid"],
    [[{ value: "x" }], 'args.cni.labels[0]: {"value":"x"} is not valid'],
    [[{ key: "app", value: 5 }], 'args.cni.labels["app"]: 5 is not valid: a string'],
    [{ app: true }, 'args.cni.labels["app"]: true is not valid'],
    ["app=web", 'args.cni.labels: "app=web" is not valid: an object'],
  ])("must have labels that are texts: %j", (labels, text) => {
    expect(refusal(() => calledWith({}, { args: { cni: { labels } } })).message).toContain(text);
  });
});
