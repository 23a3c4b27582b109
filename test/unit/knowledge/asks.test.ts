/** A decision that asks for what the API has never listed is not made: which that are, and which lists count. */
import { describe, expect, it } from "vitest";
import { isListed, unlisted } from "../../../plugin/knowledge/asks.ts";
import { objectsOf } from "../../../plugin/knowledge/objects.ts";
import type { KnownResource, ResourceName, Snapshot } from "../../../plugin/knowledge/snapshot.ts";
import { apiObject, byNetwork, marking, snapshotOf } from "../support/api.ts";
import { podRequest } from "../support/known.ts";

const snapshotWithout = (names: readonly ResourceName[], more: Partial<Snapshot> = {}): Snapshot => {
  const all = snapshotOf({});
  const resources = Object.fromEntries(
    Object.entries(all.resources).map(([name, is]) => [
      name,
      names.includes(name as ResourceName) ? { state: "unsynced" } : is,
    ]),
  ) as Snapshot["resources"];
  return { ...all, resources, ...more };
};
const objects = (namespace: string): Snapshot["objects"] =>
  snapshotOf({ networkQos: [apiObject(marking(20, byNetwork), { namespace })] }).objects;
const onDemand = ["namespaces", "network-attachment-definitions"] as const;

describe("what a decision asks for and nobody has listed", () => {
  it.each([
    [
      "nothing of networks that nobody selects by",
      {},
      snapshotWithout(["network-attachment-definitions"]),
      [],
    ],
    ["the pod's namespace: it may have a ceiling", {}, snapshotWithout(["namespaces"]), ["namespaces"]],
    ["both objects", {}, snapshotWithout(["networkqoses", "egressqoses"]), ["egressqoses", "networkqoses"]],
    [
      "networks and namespaces, for an object of the pod's namespace that selects networks",
      {},
      snapshotWithout(onDemand, { objects: objects("prod") }),
      ["network-attachment-definitions", "namespaces"],
    ],
    [
      "no networks for an object of another namespace",
      {},
      snapshotWithout(["network-attachment-definitions"], { objects: objects("dev") }),
      [],
    ],
    ["nothing that is listed", {}, snapshotWithout([], { objects: objects("prod") }), []],
  ] as const)("%s", (_, conf, snapshot, names) => {
    expect(unlisted(podRequest({ conf }), objectsOf(snapshot))).toEqual(names);
  });
});

it.each<readonly [KnownResource, boolean]>([
  [{ state: "synced", version: "7" }, true],
  [{ state: "off" }, true],
  [{ state: "missing" }, true],
  [{ state: "frozen", version: "7" }, true],
  [{ state: "frozen" }, false],
  [{ state: "unsynced", version: "7" }, false],
])("%o counts as listed: %s", (is, counts) => {
  expect(isListed(is)).toBe(counts);
});
