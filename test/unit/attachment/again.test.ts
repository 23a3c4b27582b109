/** What a record keeps of a request is enough to ask the same again, and what it does not keep is not made up. */
import { array, assert, constantFrom, dictionary, ipV4, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { requestOf as askAgain } from "../../../plugin/attachment/again.ts";
import { recordOf } from "../../../plugin/attachment/recording.ts";
import type { Call } from "../../../plugin/cni/call.ts";
import type { JsonObject } from "../../../plugin/cni/fields.ts";
import { parseRequest, type Request } from "../../../plugin/cni/request.ts";
import { decidePolicy, noRules } from "../../../plugin/policy/policy.ts";
import type { AttachmentRecord } from "../../../plugin/state/record.ts";

const annotationsKey = "io.kubernetes.cri.pod-annotations";

const call: Call = {
  verb: "ADD",
  containerId: "c1",
  netns: "/run/netns/pod",
  ifname: "eth0",
  args: { K8S_POD_NAMESPACE: "prod", K8S_POD_NAME: "web-1", K8S_POD_UID: "5f0c1f3e", IgnoreUnknown: "1" },
};
const capabilities = { bandwidth: true, [annotationsKey]: true };

const asked = (more: JsonObject = {}, on: Call = call): Request =>
  parseRequest(on, { cniVersion: "1.1.0", name: "podnet", type: "pod-qos", capabilities, ...more });

const recorded = (request: Request): AttachmentRecord =>
  recordOf(
    { request, policy: decidePolicy(request, noRules), netnsId: "1:2", uplink: undefined },
    undefined,
    [],
  );

/** As another process reads it. */
const stored = (request: Request): AttachmentRecord =>
  JSON.parse(JSON.stringify(recorded(request))) as AttachmentRecord;

/** What decides: all but arguments that say nothing of traffic, and annotations that are none of ours. */
const deciding = ({ call: said, ...request }: Request) => ({ ...request, call: { ...said, args: {} } });

const bandwidth = { EgressRate: 5e6, EgressBurst: 4e9 };
const prevResult = {
  interfaces: [{ name: "veth1" }, { name: "eth0", sandbox: "/run/netns/pod" }],
  ips: [
    { address: "192.0.2.7/24", interface: 1 },
    { address: "2001:db8::7/64", interface: 1 },
    { address: "192.0.2.1/24", interface: 0 },
  ],
};

describe("a request asked again", () => {
  it.each<readonly [string, JsonObject]>([
    ["of a plain pod", {}],
    ["with a capability of a runtime that capitalises", { runtimeConfig: { bandwidth } }],
    ["with annotations", { runtimeConfig: { [annotationsKey]: { "pod-qos/dscp": "EF" } } }],
    ["with labels", { args: { cni: { labels: [{ key: "app", value: "web" }] } } }],
    ["with interfaces and addresses", { prevResult }],
    ["with rules and defaults", { egress: [{ dscp: 1 }], defaults: { dscp: "EF" } }],
    ["without capabilities declared", { capabilities: undefined, runtimeConfig: { bandwidth } }],
  ])("%s is the same request", (_, more) => {
    const request = asked(more);
    const again = askAgain(stored(request));
    expect(again && deciding(again)).toEqual(deciding(request));
  });

  it("names the pod as before", () => {
    expect(askAgain(stored(asked()))?.call.args).toEqual({
      K8S_POD_NAMESPACE: "prod",
      K8S_POD_NAME: "web-1",
      K8S_POD_UID: "5f0c1f3e",
    });
    const nameless = asked({}, { ...call, args: {} });
    expect(askAgain(stored(nameless))?.call.args).toEqual({});
  });

  it("is written down as it was, again and again", () => {
    assert(
      property(
        dictionary(constantFrom("pod-qos/dscp", "net1.pod-qos/dscp"), constantFrom("8", "EF")),
        array(ipV4()),
        (annotations, addresses) => {
          const first = stored(
            asked({
              runtimeConfig: { [annotationsKey]: annotations },
              prevResult: { ...prevResult, ips: addresses.map((address) => ({ address: `${address}/24` })) },
            }),
          );
          const again = askAgain(first);
          expect(again && stored(again)).toEqual(first);
        },
      ),
    );
  });
});

describe("a record", () => {
  const whole = stored(asked());

  it("of a build that wrote nothing of it down cannot be asked again", () => {
    const { asked: _, ...former } = whole;
    expect(askAgain(former)).toBeUndefined();
  });

  it.each(["pod", "addresses", "interfaces", "runtimeConfig"])(
    "whose %s was too long cannot be asked again",
    (part) => {
      expect(askAgain({ ...whole, asked: { ...whole.asked, leftOut: [part] } })).toBeUndefined();
    },
  );

  it("whose conf was too long is asked with today's, and not without one", () => {
    const { conf, ...rest } = whole.asked ?? {};
    const cut = { ...whole, asked: { ...rest, leftOut: ["conf"] } };
    expect(askAgain(cut)).toBeUndefined();
    expect(askAgain(cut, conf)).toEqual(askAgain(whole));
  });
});

describe("today's conf", () => {
  const today = { cniVersion: "1.1.0", type: "pod-qos", capabilities, defaults: { dscp: "CS1" } };

  it("takes the place of the recorded one, under the network's name", () => {
    const conf = askAgain(stored(asked({ defaults: { dscp: "EF" } })), { ...today, name: "other" })?.conf;
    expect(conf).toMatchObject({ network: "podnet", defaults: { dscp: "CS1" } });
  });

  it("leaves the labels that the runtime gave", () => {
    const labelled = asked({ args: { cni: { labels: { app: "web" } } } });
    expect(askAgain(stored(labelled), today)?.pod.labels).toEqual({ app: "web" });
  });

  it("hears of what it declares alone", () => {
    const request = asked({ runtimeConfig: { bandwidth, [annotationsKey]: { "pod-qos/dscp": "EF" } } });
    const deaf = { ...today, capabilities: { bandwidth: true } };
    expect(askAgain(stored(request), deaf)?.runtime).toEqual({
      ingress: { rate: undefined, burst: undefined },
      egress: { rate: 5e6, burst: 4e9 },
      annotations: {},
      gaveAnnotations: false,
    });
  });

  it("that cannot be is refused as ADD refuses it", () => {
    expect(() => askAgain(stored(asked()), { ...today, egressRat: 1 })).toThrow("egressRat");
  });
});
