/** Objects that are gone with their whole namespace: how long they count on, and for whom. */
import { expect, it } from "vitest";
import { withUpdate } from "../../../../plugin/agent/view/update.ts";
import { apiViewOf, type ApiView } from "../../../../plugin/agent/view/view.ts";
import { emptySnapshot } from "../../../../plugin/knowledge/snapshot.ts";
import { select } from "../../../../plugin/policy/manifests/select.ts";
import { byNetwork, marking } from "../../support/api.ts";

const egressQos = {
  metadata: { uid: "q", namespace: "prod", name: "default" },
  spec: { egress: [{ dscp: 4 }] },
};
const pod = (uid: string) => ({ metadata: { uid, namespace: "prod", name: uid } });
const objects = (view: ApiView, items: readonly object[], leaving: readonly string[]): ApiView =>
  withUpdate(view, {
    resource: "egressqoses",
    is: { state: "synced", version: "1" },
    items: items.map((item) => ({ ...item })),
    leaving,
  });
const showing = (view: ApiView, ...items: readonly object[]): ApiView =>
  withUpdate(view, {
    resource: "pods",
    is: { state: "synced", version: "1" },
    items: items.map((item) => ({ ...item })),
  });
const running = objects(showing(apiViewOf(emptySnapshot, []), pod("a"), pod("b")), [egressQos], []);

it("count until the last of its pods is gone, and for no pod that comes later", () => {
  const kept = objects(running, [], ["prod"]);
  expect(kept.snapshot.objects).toMatchObject([{ name: "default", keptFor: ["a", "b"] }]);
  expect(kept.objects.policies("prod")?.egressQos).toBeDefined();
  expect(objects(kept, [], []).snapshot.objects).toHaveLength(1);
  expect(showing(kept, pod("b")).snapshot.objects).toHaveLength(1);
  expect(showing(kept, pod("c")).snapshot.objects).toEqual([]);
});

it("give way to one of the same name, and one that somebody deleted counts for nobody", () => {
  const again = { ...egressQos, metadata: { ...egressQos.metadata, uid: "q2" } };
  const made = objects(objects(running, [], ["prod"]), [again], []);
  expect(made.snapshot.objects.map(({ uid }) => uid)).toEqual(["q2"]);
  expect(objects(running, [], ["other"]).snapshot.objects).toEqual([]);
});

const networkQos = {
  metadata: { uid: "q", namespace: "prod", name: "by-network" },
  spec: marking(4, byNetwork),
};
const network = {
  metadata: { uid: "n", namespace: "prod", name: "storage", labels: { net: "a" } },
  spec: { config: JSON.stringify({ cniVersion: "1.0.0", name: "storage", type: "macvlan" }) },
};
const networks = (view: ApiView, items: readonly object[], leaving: readonly string[]): ApiView =>
  withUpdate(view, {
    resource: "network-attachment-definitions",
    is: { state: "synced", version: "1" },
    items: items.map((item) => ({ ...item })),
    leaving,
  });
const onNetwork = { pod: { namespace: "prod", name: "a", labels: {} }, network: "storage", ifname: "net1" };
const selected = ({ objects: { policies, surroundings } }: ApiView): readonly string[] => {
  const policiesOfProd = policies("prod");
  if (policiesOfProd === undefined) throw new Error("no policies of prod are known");
  return select(policiesOfProd, surroundings("storage"), onNetwork).networkQos.map(({ title }) => title);
};

it("are networks too: what selects pods by these goes on selecting them", () => {
  const started = showing(apiViewOf(emptySnapshot, []), pod("a"), pod("b"));
  const ruled = withUpdate(started, {
    resource: "networkqoses",
    is: { state: "synced", version: "1" },
    items: [networkQos],
  });
  const before = networks(ruled, [network], []);
  expect(selected(before)).toHaveLength(1);
  const kept = networks(before, [], ["prod"]);
  expect(kept.snapshot.networks).toMatchObject([{ name: "storage", keptFor: ["a", "b"] }]);
  expect(selected(kept)).toEqual(selected(before));
  expect(networks(kept, [], []).snapshot.networks).toHaveLength(1);
  expect(showing(kept, pod("b")).snapshot.networks).toHaveLength(1);
  expect(showing(kept, pod("c")).snapshot.networks).toEqual([]);
  const again = { ...network, metadata: { ...network.metadata, uid: "n2" } };
  expect(networks(kept, [again], []).snapshot.networks.map(({ uid }) => uid)).toEqual(["n2"]);
  expect(networks(before, [], ["other"]).snapshot.networks).toEqual([]);
});
