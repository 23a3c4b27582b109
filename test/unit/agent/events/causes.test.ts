/** What decisions, pods and objects give to report. */
import { describe, expect, it } from "vitest";
import { isRepeated, laterThan } from "../../../../plugin/agent/events/drift.ts";
import type { Cause } from "../../../../plugin/agent/events/event.ts";
import { findingsOf } from "../../../../plugin/agent/events/of-decision.ts";
import { faultyAmong } from "../../../../plugin/agent/events/of-objects.ts";
import { unservedIn } from "../../../../plugin/agent/events/of-pods.ts";
import { nothingRaised, raise, withoutGone } from "../../../../plugin/agent/events/raised.ts";
import type { Reapplied } from "../../../../plugin/attachment/reapply.ts";
import { CniError, ErrorCode } from "../../../../plugin/errors.ts";
import type { KnownPod } from "../../../../plugin/knowledge/pod.ts";
import { emptySnapshot, type KnownObject } from "../../../../plugin/knowledge/snapshot.ts";
import type { AttachmentRecord } from "../../../../plugin/state/record.ts";

const record = (more: Partial<AttachmentRecord> = {}): AttachmentRecord => ({
  version: 1,
  identity: { network: "podnet", containerId: "c1", ifname: "eth0" },
  netns: "/run/netns/x",
  netnsId: "1:2",
  pod: "prod/web-1",
  facts: undefined,
  programs: [],
  asked: { namespace: "prod", name: "web-1", uid: "u-1" },
  ...more,
});
const cut = record({
  limits: { egress: 100e6, rules: 0 },
  sources: {
    egress: {
      source: "annotation pod-qos/max-egress-bandwidth of namespace prod",
      cutFrom: { rate: 1e9, source: "annotation pod-qos/egress-bandwidth" },
    },
  },
});
const inClass = (name: string): AttachmentRecord =>
  record({ membership: { device: "eth0", class: name, members: [] } });

const refused = (code: ErrorCode): Reapplied => ({
  kind: "refused",
  error: new CniError(code, "annotation pod-qos/dscp: 99 is not valid"),
  left: undefined,
});

describe("a decision", () => {
  it.each<readonly [string, Reapplied, { leftFormer?: boolean }, object]>([
    [
      "with all as it should be reports nothing",
      { kind: "same", left: record() },
      {},
      { request: [], ceiling: [] },
    ],
    [
      "by which a ceiling cuts says what was requested and who cut it, also where nothing is changed",
      { kind: "same", left: cut },
      {},
      {
        request: [],
        ceiling: [
          {
            reason: "QoSCut",
            note: "annotation pod-qos/egress-bandwidth: egress of 1G is cut to 100M by annotation pod-qos/max-egress-bandwidth of namespace prod",
          },
        ],
      },
    ],
    [
      "of a bad annotation says so, and nothing of ceilings",
      refused(ErrorCode.invalidConfig),
      {},
      {
        request: [
          { reason: "QoSRejected", note: "it keeps what it has: annotation pod-qos/dscp: 99 is not valid" },
        ],
      },
    ],
    [
      "that the node cannot follow is a failure",
      refused(ErrorCode.missingFeature),
      {},
      {
        request: [
          { reason: "QoSFailed", note: "it keeps what it has: annotation pod-qos/dscp: 99 is not valid" },
        ],
      },
    ],
    [
      "that the kernel refused has what the kernel said",
      {
        kind: "failed",
        error: new CniError(ErrorCode.kernelRefused, "tc failed", "RTNETLINK answers: …"),
        left: undefined,
      },
      {},
      {
        request: [{ reason: "QoSFailed", note: "it keeps what it has: tc failed (RTNETLINK answers: …)" }],
      },
    ],
    [
      "of an unknown class has its words",
      { kind: "same", left: record(), rejected: 'annotation pod-qos/class: there is no class "x"' },
      {},
      {
        request: [{ reason: "QoSRejected", note: 'annotation pod-qos/class: there is no class "x"' }],
        ceiling: [],
      },
    ],
    [
      "that moves a pod out of a class that the conf lost says where it is now",
      { kind: "changed", before: inClass("bulk"), after: inClass("default"), left: undefined },
      { leftFormer: true },
      {
        request: [
          {
            reason: "QoSRejected",
            note: "the conf of network podnet has no class bulk any more: it is in class default",
          },
        ],
        ceiling: [],
      },
    ],
    [
      "that moves it for its labels' sake reports nothing",
      { kind: "changed", before: inClass("bulk"), after: inClass("default"), left: undefined },
      {},
      { request: [], ceiling: [] },
    ],
    ["that waits for something says nothing new", { kind: "waiting", lacks: ["x"], left: undefined }, {}, {}],
    [
      "that another process is in the way of says nothing new",
      { kind: "busy", error: new CniError(ErrorCode.tryAgainLater, "x"), left: undefined },
      {},
      {},
    ],
  ])("%s", (_, came, how, expected) => {
    expect(findingsOf(came, how)).toEqual(expected);
  });
});

const pod = (more: Partial<KnownPod> = {}): KnownPod => ({
  uid: "u-1",
  namespace: "prod",
  name: "web-1",
  labels: {},
  annotations: { "pod-qos/dscp": "EF" },
  phase: "Running",
  ...more,
});

describe("a pod with annotations of ours", () => {
  const none = /do(es)? nothing: none of the pod's networks has pod-qos in its chain/;
  it.each<readonly [string, KnownPod, readonly AttachmentRecord[], RegExp | undefined]>([
    ["that has a record is served", pod(), [record()], undefined],
    [
      "of hostNetwork is not",
      pod({ isOnHostNetwork: true }),
      [],
      /^annotation pod-qos\/dscp does nothing: .*hostNetwork/,
    ],
    ["without a record is not", pod(), [], none],
    ["whose name a record of another pod has is not", pod({ uid: "u-2" }), [record()], none],
    [
      "whose record, of an older build, has a name alone is served",
      pod(),
      [record({ asked: {}, pod: "prod/web-1" })],
      undefined,
    ],
    ["that does not run yet may have its networks still to come", pod({ phase: "Pending" }), [], undefined],
    ["that has finished needs none", pod({ phase: "Succeeded" }), [], undefined],
    [
      "for an interface without a record is not, for that one",
      pod({ annotations: { "pod-qos/dscp": "EF", "net1.pod-qos/dscp": "AF11" } }),
      [record()],
      /^annotation net1\.pod-qos\/dscp does nothing: the pod has no such interface/,
    ],
    [
      "of which all are named",
      pod({ annotations: { "pod-qos/dscp": "EF", "pod-qos/class": "bulk" } }),
      [],
      /^annotations pod-qos\/class, pod-qos\/dscp do nothing/,
    ],
    [
      "is not one with Kubernetes' own alone",
      pod({ annotations: { "kubernetes.io/egress-bandwidth": "1M" }, isOnHostNetwork: true }),
      [],
      undefined,
    ],
    [
      "that is a static pod's mirror is found by its hash",
      pod({ configHash: "h-1" }),
      [record({ asked: { uid: "h-1" } })],
      undefined,
    ],
  ])("%s", (_, each, records, note) => {
    const notes = unservedIn([each, each], records).map((found) => found.note);
    expect(notes).toEqual(note === undefined ? [] : [expect.stringMatching(note)]);
  });
});

const faulty = (object: KnownObject, pods: readonly KnownPod[]) =>
  faultyAmong({ ...emptySnapshot, objects: [object] }, pods);

describe("an object that cannot be applied", () => {
  const bad: KnownObject = {
    kind: "NetworkQoS",
    namespace: "prod",
    name: "qos",
    uid: "o-1",
    form: undefined,
    fault: "NetworkQoS prod/qos (API): spec.egress[0].dscp: 99 is not valid",
  };
  it("is reported by a node that has pods of its namespace", () => {
    expect(faulty(bad, [pod()])).toEqual([
      {
        subject: {
          apiVersion: "k8s.ovn.org/v1alpha1",
          kind: "NetworkQoS",
          namespace: "prod",
          name: "qos",
          uid: "o-1",
        },
        note: `${bad.fault}: nothing of it is applied`,
      },
    ]);
  });
  it("is not by others, nor once it is deleted with its namespace", () => {
    expect([
      ...faulty(bad, [pod({ namespace: "other" })]),
      ...faulty({ ...bad, keptFor: ["u-1"] }, [pod()]),
    ]).toEqual([]);
  });
});

const freshOf = (turns: readonly (readonly Cause[])[]) => {
  let raised = nothingRaised;
  return turns.map((causes) => {
    const now = raise(raised, "a", causes);
    raised = now.raised;
    return now.fresh;
  });
};

describe("what is so", () => {
  const [one, other]: readonly Cause[] = [
    { reason: "QoSRejected", note: "one" },
    { reason: "QoSRejected", note: "other" },
  ];
  it("is reported once for as long as it is so, and again after it was not", () => {
    if (one === undefined || other === undefined) throw new Error("two causes");
    expect(freshOf([[one], [one], [one, other], [other], [], [one]])).toEqual([
      [one],
      [],
      [other],
      [],
      [],
      [one],
    ]);
  });

  it("of what is gone is forgotten", () => {
    if (one === undefined) throw new Error("a cause");
    const { raised } = raise(nothingRaised, "a", [one]);
    expect(withoutGone(raised, () => true)).toBe(raised);
    expect(withoutGone(raised, (topic) => topic !== "a").size).toBe(0);
  });
});

it.each([
  ["twice within the hour is none", [0, 10], false],
  ["three times is", [0, 10, 59], true],
  ["three times in more than an hour is none", [0, 10, 61], false],
])("a fight about the kernel: %s", (_, minutes, expected) => {
  let times: readonly number[] = [];
  for (const minute of minutes) times = [...laterThan(times, minute * 60_000), minute * 60_000];
  expect(isRepeated(times)).toBe(expected);
});
