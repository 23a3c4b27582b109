/** Which networks the node's conflists make, beside what the API says. */
import { expect, it } from "vitest";
import { apiViewOf } from "../../../plugin/agent/view/view.ts";
import { withNodeNetworks } from "../../../plugin/agent/node-networks.ts";
import { emptyWorld, type World } from "../../../plugin/agent/world.ts";
import { snapshotOf } from "../support/api.ts";

const networks = [{ namespace: "prod", name: "x", labels: {}, network: "podnet", uid: "t", conf: "" }];
const world = (...names: readonly string[]): World => ({
  ...emptyWorld,
  confs: { ...emptyWorld.confs, entries: new Map(names.map((name) => [name, {}])) },
  view: apiViewOf(snapshotOf({ networks }), []),
});

it("a network of the conf directory is known to be the node's, whoever defines one of its name", () => {
  const { view } = withNodeNetworks(world("second", "podnet"));
  expect(view?.snapshot.nodeNetworks).toEqual(["podnet", "second"]);
  expect(view?.objects.surroundings("podnet").isOfNode).toBe(true);
});

it("nothing is made anew where the directory says the same", () => {
  const first = withNodeNetworks(world("podnet"));
  expect(withNodeNetworks(first)).toBe(first);
  expect(withNodeNetworks({ ...first, confs: emptyWorld.confs }).view?.snapshot.nodeNetworks).toEqual([]);
});

it("without an API there is nothing to say", () => {
  expect(withNodeNetworks(emptyWorld)).toBe(emptyWorld);
});
