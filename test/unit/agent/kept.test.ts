/** Objects that are gone with their whole namespace: how long they count on, and for whom. */
import { expect, it } from "vitest";
import { withUpdate } from "../../../plugin/agent/api-update.ts";
import { apiViewOf, type ApiView } from "../../../plugin/agent/api-view.ts";
import { emptySnapshot } from "../../../plugin/knowledge/snapshot.ts";

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
