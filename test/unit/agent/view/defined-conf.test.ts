/** Which NetworkAttachmentDefinition's conf counts for an attachment, where several have one network's name. */
import { describe, expect, it } from "vitest";
import { definedConfOf } from "../../../../plugin/agent/view/defined-conf.ts";
import { apiViewOf } from "../../../../plugin/agent/view/view.ts";
import { confOf, emptyWorld } from "../../../../plugin/agent/world.ts";
import type { JsonObject } from "../../../../plugin/cni/fields.ts";
import type { AttachmentRecord } from "../../../../plugin/state/record.ts";
import { snapshotOf } from "../../support/api.ts";

const definition = (namespace: string, conf: object) => ({
  namespace,
  name: "fast",
  labels: {},
  network: "fast",
  uid: namespace,
  conf: JSON.stringify({ name: "fast", plugins: [{ type: "macvlan" }, { type: "pod-qos", ...conf }] }),
});
const record = (namespace: string, conf: JsonObject = {}): AttachmentRecord => ({
  version: 1,
  identity: { network: "fast", containerId: namespace, ifname: "net1" },
  netns: "/run/netns/x",
  netnsId: "1:2",
  pod: `pod ${namespace}/x`,
  facts: undefined,
  programs: [],
  asked: { namespace, name: "x", uid: "u-x", conf },
});
const status = (name: string) => ({
  "k8s.v1.cni.cncf.io/network-status": JSON.stringify([
    { name: "podnet", interface: "eth0", default: true },
    { name, interface: "net1" },
  ]),
});
const view = (networks: readonly ReturnType<typeof definition>[], annotations: Record<string, string> = {}) =>
  apiViewOf(snapshotOf({ networks }), [
    { uid: "u-x", namespace: "team-b", name: "x", labels: {}, annotations },
  ]);

const [slow, quick] = [definition("team-a", { egressRate: 1 }), definition("team-b", { egressRate: 2 })];
const central = definition("kube-system", { egressRate: 3 });

describe("the conf of an attachment that no conflist makes", () => {
  it.each([
    ["its namespace's, of several", [slow, quick], {}, 2],
    ["none of another namespace", [slow], {}, undefined],
    ["that where Multus looks", [slow, central], {}, 3],
    ["none where it may have been either", [quick, central], {}, undefined],
    ["the one that Multus names, of whatever namespace", [slow, quick, central], status("team-a/fast"), 1],
    ["none where Multus names one that is gone", [quick], status("team-a/fast"), undefined],
    [
      "its namespace's where what is named cannot be read",
      [quick],
      { "k8s.v1.cni.cncf.io/network-status": "[" },
      2,
    ],
    [
      "none whose records are elsewhere",
      [definition("team-b", { stateDir: "/var/elsewhere" })],
      {},
      undefined,
    ],
    ["none that is broken", [{ ...quick, conf: "{" }], {}, undefined],
  ] as const)("is %s", (_, networks, annotations, rate) => {
    expect(definedConfOf(view(networks, annotations), record("team-b"))?.["egressRate"]).toBe(rate);
  });

  it("is for its uplink the one that all attachments have, else what was asked last", () => {
    const records = new Map(
      ["team-a", "team-b"].map((namespace) => [
        namespace,
        { stamp: "1", changedMs: 0, record: record(namespace, { egressRate: 9 }) },
      ]),
    );
    const rateOf = (networks: readonly ReturnType<typeof definition>[]) =>
      confOf({ ...emptyWorld, records, view: view(networks) }, "fast")?.["egressRate"];
    expect([rateOf([central]), rateOf([slow, quick]), rateOf([])]).toEqual([3, 9, 9]);
  });
});
