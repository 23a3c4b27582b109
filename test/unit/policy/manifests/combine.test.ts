import { describe, expect, it } from "vitest";
import { objectsOf } from "../../../../plugin/knowledge/objects.ts";
import { combine } from "../../../../plugin/policy/manifests/combine.ts";
import type { PolicySource } from "../../../../plugin/policy/manifests/source.ts";
import { apiObject, marking, snapshotOf } from "../../support/api.ts";
import { compiled, egressQos, networkQos, type Files } from "../../support/manifests.ts";

async function directory(files: Files): Promise<PolicySource> {
  const { namespaces, surroundings } = await compiled(files);
  return {
    policies: (namespace) => {
      const found = namespaces.get(namespace);
      return (
        found && {
          ...found,
          networkQos: found.networkQos.map(({ rules, ...head }) => ({ ...head, readRules: () => rules })),
        }
      );
    },
    surroundings: () => surroundings,
  };
}

const file = (name: string, dscp: number, priority: number) =>
  networkQos({ namespace: "prod", name, priority, egress: [{ dscp }] });

const marksOf = (source: PolicySource) =>
  source.policies("prod")?.networkQos.flatMap(({ readRules }) => readRules().map(({ dscp }) => dscp));

describe("objects of the API and manifests of a directory", () => {
  it("are tried in one order: priority, then name", async () => {
    const api = objectsOf(
      snapshotOf({
        networkQos: [
          apiObject(marking(1, { priority: 50 }), { name: "b" }),
          apiObject(marking(2), { name: "z" }),
        ],
      }),
    );
    const files = await directory({
      "x.json": file("a", 3, 50),
      "y.json": file("c", 4, 50),
      "z.json": file("d", 5, 90),
    });
    expect(marksOf(combine(api, files))).toEqual([5, 3, 1, 4, 2]);
  });

  it("of one name are the API's, which is told", async () => {
    const api = objectsOf(
      snapshotOf({
        networkQos: [apiObject(marking(1), { name: "a" })],
        egressQos: [apiObject({ egress: [{ dscp: 7 }] })],
      }),
    );
    const files = await directory({
      "x.json": file("a", 3, 99),
      "y.json": egressQos([{ dscp: 9 }], { namespace: "prod" }),
    });
    const both = combine(api, files);
    expect(marksOf(both)).toEqual([1]);
    expect(both.policies("prod")?.egressQos?.entries.map(({ rule }) => rule.dscp)).toEqual([7]);
    expect(both.policies("prod")?.warnings).toEqual([
      "NetworkQoS prod/a (x.json) is not used: the API has an object of that name, which counts",
      "EgressQoS prod/default (y.json) is not used: the API has an object of that name, which counts",
    ]);
  });

  it("are the API's also where that one cannot be applied", async () => {
    const api = objectsOf(snapshotOf({ networkQos: [apiObject(marking(64), { name: "a" })] }));
    expect(
      marksOf(combine(api, await directory({ "x.json": file("a", 3, 99), "y.json": file("b", 4, 1) }))),
    ).toEqual([4]);
  });

  it("stand alone where the other has nothing", async () => {
    const files = await directory({ "x.json": file("a", 3, 99) });
    expect(marksOf(combine(objectsOf(snapshotOf({})), files))).toEqual([3]);
    const api = objectsOf(snapshotOf({ networkQos: [apiObject(marking(1))] }));
    expect(marksOf(combine(api, await directory({})))).toEqual([1]);
  });

  it("keep the faults of the files: those fail ADD as ever", async () => {
    const api = objectsOf(snapshotOf({ networkQos: [apiObject(marking(1), { name: "a" })] }));
    const files = await directory({ "x.json": file("a", 64, 1) });
    expect(combine(api, files).policies("prod")?.faults).toHaveLength(1);
  });
});
