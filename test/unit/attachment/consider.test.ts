/** A running pod keeps what it has while what its decision asks for is not known (any more). */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { consider, type Considered } from "../../../plugin/attachment/consider.ts";
import { decide } from "../../../plugin/attachment/decide.ts";
import { planFor } from "../../../plugin/attachment/plan.ts";
import { recordOf } from "../../../plugin/attachment/recording.ts";
import { netnsId } from "../../../plugin/kernel/netns.ts";
import type { KnownResource, ResourceName, Snapshot } from "../../../plugin/knowledge/snapshot.ts";
import type { AttachmentRecord } from "../../../plugin/state/record.ts";
import { apiObject, marking, namespaceOf, snapshotOf } from "../support/api.ts";
import { knowing, podRequest } from "../support/known.ts";
import { networkQos } from "../support/manifests.ts";
import { taskOf } from "../support/task.ts";

const root = mkdtempSync(join(tmpdir(), "pod-qos-consider-"));
afterAll(() => rmSync(root, { recursive: true }));

// A namespace that lives as long as the test.
const netns = "/proc/self/ns/net";

const running = async (
  ifname: string,
  snapshot: Snapshot,
  conf: Readonly<Record<string, unknown>> = {},
): Promise<AttachmentRecord> => {
  const said = podRequest({ ifname, conf });
  const request = { ...said, call: { ...said.call, netns } };
  const policy = await decide(request, "forget", knowing({ snapshot }));
  const plan = planFor(request, policy, taskOf({}).facts);
  expect(plan.programs.length).toBeGreaterThan(0);
  return recordOf({ request, policy, netnsId: netnsId(netns) ?? "", uplink: undefined }, plan, plan.programs);
};
const after = (record: AttachmentRecord, snapshot: Snapshot): Promise<Considered> =>
  consider(root, record, { conf: undefined, knowledge: knowing({ snapshot }) });
const having = (snapshot: Snapshot, name: ResourceName, is: KnownResource): Snapshot => ({
  ...snapshot,
  resources: { ...snapshot.resources, [name]: is },
});
const marked = snapshotOf({ egressQos: [apiObject({ egress: [{ dscp: 41 }] })] });

it("is the same while all of it can be read", async () => {
  expect(await after(await running("eth0", marked), marked)).toEqual({ kind: "same", asks: [] });
});

it.each<readonly [KnownResource, Considered["kind"]]>([
  [{ state: "frozen" }, "waiting"],
  [{ state: "unsynced" }, "waiting"],
  [{ state: "unsynced", version: "7" }, "waiting"],
  [{ state: "frozen", version: "7" }, "differs"],
  [{ state: "missing" }, "differs"],
])("with no EgressQoS and its list %o: %s", async (is, kind) => {
  const record = await running("eth0", marked);
  expect((await after(record, having(snapshotOf({}), "egressqoses", is))).kind).toBe(kind);
});

it.each(["frozen", "unsynced"] as const)(
  "keeps its marks where a networkSelector asks for labels of namespaces that are %s",
  async (state) => {
    const networkSelectors = [
      {
        networkSelectionType: "NetworkAttachmentDefinitions",
        networkAttachmentDefinitionSelector: {
          namespaceSelector: { matchLabels: { team: "a" } },
          networkSelector: { matchLabels: { tier: "1" } },
        },
      },
    ];
    const all = snapshotOf({
      networkQos: [apiObject(marking(20, { networkSelectors }))],
      networks: [
        { namespace: "net", name: "f", labels: { tier: "1" }, network: "podnet", uid: "d", conf: "" },
      ],
      namespaces: { prod: namespaceOf(), net: namespaceOf({ team: "a" }) },
    });
    const record = await running("net1", all);
    const lost = having({ ...all, namespaces: {} }, "namespaces", { state });
    expect(await after(record, lost)).toEqual({ kind: "waiting", lacks: ["namespaces"] });
  },
);

it("keeps its ceiling while the namespaces are not listed, and while its own is not among them", async () => {
  const ceiling = namespaceOf({}, { "pod-qos/max-egress-bandwidth": "5M" });
  const all = snapshotOf({ namespaces: { prod: ceiling } });
  const record = await running("eth0", all);
  expect(await after(record, all)).toEqual({ kind: "same", asks: [] });
  expect(record.sources?.egress?.source).toBe("annotation pod-qos/max-egress-bandwidth of namespace prod");
  const none = { ...all, namespaces: {} };
  expect(await after(record, having(none, "namespaces", { state: "frozen" }))).toEqual({
    kind: "waiting",
    lacks: ["namespaces"],
  });
  expect(await after(record, none)).toEqual({ kind: "waiting", lacks: ["namespace prod"] });
  const raised = namespaceOf({}, { "pod-qos/max-egress-bandwidth": "9M" });
  expect((await after(record, { ...all, namespaces: { prod: raised } })).kind).toBe("differs");
});

it("keeps what it has where its namespace says something wrong, which is named", async () => {
  const all = snapshotOf({
    namespaces: { prod: namespaceOf({}, { "pod-qos/max-egress-bandwidth": "5M" }) },
  });
  const record = await running("eth0", all);
  const bad = { prod: namespaceOf({}, { "pod-qos/max-egress-bandwidth": "lots" }) };
  expect(await after(record, { ...all, namespaces: bad })).toMatchObject({
    kind: "refused",
    error: { code: 7, message: expect.stringContaining("max-egress-bandwidth of namespace prod") as string },
  });
});

it("keeps the mark of an object in a file while the networks that it selects by label are not listed", async () => {
  const networkSelectors = [
    {
      networkSelectionType: "NetworkAttachmentDefinitions",
      networkAttachmentDefinitionSelector: {
        namespaceSelector: {},
        networkSelector: { matchLabels: { tier: "1" } },
      },
    },
  ];
  const policyDir = mkdtempSync(join(root, "policies-"));
  writeFileSync(
    join(policyDir, "a.json"),
    networkQos({ namespace: "prod", egress: [{ dscp: 20 }], networkSelectors }),
  );
  const networks = [
    { namespace: "net", name: "f", labels: { tier: "1" }, network: "podnet", uid: "d", conf: "" },
  ];
  const all = snapshotOf({ networks });
  const record = await running("net1", all, { policyDir, stateDir: root });
  const lost = having({ ...all, networks: [] }, "network-attachment-definitions", { state: "unsynced" });
  expect(await after(record, lost)).toMatchObject({
    kind: "waiting",
    lacks: ["network-attachment-definitions"],
  });
  expect(await after(record, all)).toEqual({ kind: "same", asks: [] });
});

it("keeps what its labels brought where they are not known any more", async () => {
  const byLabel = snapshotOf({
    networkQos: [apiObject(marking(20, { podSelector: { matchLabels: { app: "web" } } }))],
  });
  const said = podRequest({ ifname: "eth0" });
  const request = { ...said, call: { ...said.call, netns } };
  const policy = await decide(request, "forget", knowing({ labels: { app: "web" }, snapshot: byLabel }));
  const plan = planFor(request, policy, taskOf({}).facts);
  const record = recordOf(
    { request, policy, netnsId: netnsId(netns) ?? "", uplink: undefined },
    plan,
    plan.programs,
  );
  const knowledge = { ...knowing({ snapshot: byLabel }), pod: undefined };
  const outcome = await consider(root, record, { conf: undefined, knowledge });
  expect(outcome).toMatchObject({ kind: "waiting", lacks: ["NetworkQoS prod/default (API)"] });
});
