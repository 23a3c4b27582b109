import { describe, expect, it } from "vitest";
import { compile } from "../../../plugin/knowledge/compile.ts";
import type { KnownObject } from "../../../plugin/knowledge/snapshot.ts";
import { apiObject, marking } from "../support/api.ts";

const dscps = (objects: readonly KnownObject[]) =>
  objects.map(({ form }) =>
    form === undefined
      ? "none"
      : "rules" in form
        ? form.rules.map(({ dscp }) => dscp)
        : form.entries.map(({ rule }) => rule.dscp),
  );

const bad = (uid: string) => apiObject({ egress: [{ dscp: 64 }] }, { uid });

describe("objects of the API", () => {
  it("are read as manifests are, without the kind that items of a list lack", () => {
    const [video] = compile("NetworkQoS", [], [apiObject(marking(20), { name: "video" })]);
    expect(video).toMatchObject({
      kind: "NetworkQoS",
      namespace: "prod",
      name: "video",
      uid: "prod-video",
      form: {
        title: "NetworkQoS prod/video (API)",
        rules: [{ dscp: 20, source: "NetworkQoS prod/video egress[0] (API)" }],
      },
    });
    expect(video).not.toHaveProperty("fault");
    expect(dscps(compile("EgressQoS", [], [apiObject({ egress: [{ dscp: 48 }] })]))).toEqual([[48]]);
  });

  it("that the API should not have taken keep their last valid form, and say what is wrong", () => {
    const before = compile("NetworkQoS", [], [apiObject(marking(20), { generation: 1 })]);
    const [after] = compile("NetworkQoS", before, [apiObject(marking(64), { generation: 2 })]);
    expect(after).toMatchObject({ form: { rules: [{ dscp: 20 }] }, generation: 2 });
    expect(after?.fault).toBe(
      "NetworkQoS prod/default (API): spec.egress[0].dscp: 64 is not valid: a whole number from 0 to 63, and required",
    );
    const again = compile("NetworkQoS", [after as KnownObject], [apiObject(marking(65), { generation: 3 })]);
    expect(dscps(again)).toEqual([[20]]);
    const healed = compile("NetworkQoS", again, [apiObject(marking(21), { generation: 4 })]);
    expect(dscps(healed)).toEqual([[21]]);
    expect(healed[0]).not.toHaveProperty("fault");
  });

  it("that never had a valid form are left out, and so is a bad one made anew under the same name", () => {
    expect(dscps(compile("EgressQoS", [], [bad("a")]))).toEqual(["none"]);
    const before = compile("EgressQoS", [], [apiObject({ egress: [{ dscp: 1 }] }, { uid: "a" })]);
    expect(dscps(compile("EgressQoS", before, [bad("a")]))).toEqual([[1]]);
    expect(dscps(compile("EgressQoS", before, [bad("b")]))).toEqual(["none"]);
  });

  it("that are not there any more are gone", () => {
    const before = compile("NetworkQoS", [], [apiObject(marking(1)), apiObject(marking(2), { name: "b" })]);
    expect(dscps(compile("NetworkQoS", before, [apiObject(marking(2), { name: "b" })]))).toEqual([[2]]);
  });

  it("are not compiled again while their generation is the same: a status is no change", () => {
    const before = compile("NetworkQoS", [], [apiObject(marking(1), { generation: 5 })]);
    const object = apiObject(marking(1), { generation: 5 });
    const after = compile("NetworkQoS", before, [{ ...object, status: { status: "applied" } }]);
    expect(after[0]).toBe(before[0]);
    expect(dscps(compile("NetworkQoS", before, [apiObject(marking(2), { generation: 6 })]))).toEqual([[2]]);
    const unnumbered = compile("NetworkQoS", [], [apiObject(marking(1))]);
    expect(dscps(compile("NetworkQoS", unnumbered, [apiObject(marking(2))]))).toEqual([[2]]);
  });

  it("of kind EgressQoS with another name than default are no use", () => {
    const [other] = compile("EgressQoS", [], [apiObject({ egress: [{ dscp: 1 }] }, { name: "other" })]);
    expect(other?.form).toBeUndefined();
    expect(other?.fault).toContain("EgressQoS prod/other (API)");
  });
});
