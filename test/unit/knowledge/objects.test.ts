/** A snapshot as a source of policies: an ADD asks it several times, an agent for a hundred pods of one namespace. */
import { expect, it } from "vitest";
import { knownObjects, type ListedObject } from "../../../plugin/knowledge/objects.ts";
import { compile } from "../../../plugin/knowledge/compile.ts";
import { apiObject, marking, snapshotOf } from "../support/api.ts";

it("orders a namespace's policies once, however often they are asked for", () => {
  const objects = compile("NetworkQoS", [], [apiObject(marking(1)), apiObject(marking(2), { name: "b" })]);
  const asked: string[] = [];
  const known = knownObjects({
    resources: snapshotOf({}).resources,
    agentNamespace: undefined,
    part: (name) => {
      asked.push(name);
      return { namespace: undefined, objects: name === "prod" ? (objects as readonly ListedObject[]) : [] };
    },
    surroundings: () => ({ namespaces: [], nads: [] }),
  });
  const first = known.policies("prod");
  expect(first?.networkQos).toHaveLength(2);
  expect(known.policies("prod")).toBe(first);
  expect(known.policies("empty")).toBeUndefined();
  expect(known.policies("empty")).toBeUndefined();
  expect(asked).toEqual(["prod", "empty"]);
});
