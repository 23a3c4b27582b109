/** The definitions that the API server holds objects to, read as a file. What it makes of them is for the tier cluster. */
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { isObject, type JsonObject } from "../../../../plugin/cni/fields.ts";
import { networkTypes } from "../../../../plugin/policy/manifests/manifest.ts";
import { protocols } from "../../../../plugin/policy/rule/rule.ts";
import { documented, knowsBetter } from "../../../lab/policy/objects/knows-better.ts";
import { refusalOf } from "../../../lab/policy/objects/verdict.ts";
import { textOf } from "../../support/documents.ts";

const definitions = parseAllDocuments(textOf("install/kubernetes/crds.yaml")).map(
  (document) => document.toJS() as JsonObject,
);
const at = (value: unknown, ...path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>((inner, key) => (inner as Record<string | number, unknown>)[key], value);
const titled = definitions.map(
  (definition) => [String(at(definition, "metadata", "name")), definition] as const,
);

describe.each(titled)("%s", (_, definition) => {
  const schema = at(definition, "spec", "versions", 0, "schema", "openAPIV3Schema");

  it("says whose it is, or the agent would leave its objects to OVN-Kubernetes", () => {
    expect(at(definition, "metadata", "labels", "app.kubernetes.io/part-of")).toBe("pod-qos");
  });

  it("explains each field that a person can write or read", () => {
    expect(fieldsIn(schema).filter(([, field]) => !("description" in field))).toEqual([]);
  });

  it("knows its lists and maps: none is open for what is not named", () => {
    const open = fieldsIn(schema).filter(
      ([name, field]) =>
        name !== "metadata" &&
        ((field["type"] === "array" && !("items" in field)) ||
          (field["type"] === "object" && !("properties" in field) && !("additionalProperties" in field))),
    );
    expect(open).toEqual([]);
  });
});

it("has the words that the plugin has", () => {
  const [, networkQos] = definitions;
  const fields = fieldsIn(at(networkQos, "spec", "versions", 0, "schema", "openAPIV3Schema"));
  const wordsOf = (name: string): unknown => fields.find(([own]) => own === name)?.[1]["enum"];
  expect(wordsOf("protocol")).toEqual(protocols);
  expect(wordsOf("networkSelectionType")).toEqual(networkTypes);
});

/** Not those of metadata, which the API server explains itself. */
function fieldsIn(schema: unknown): readonly (readonly [string, JsonObject])[] {
  if (!isObject(schema)) return [];
  const fields = Object.entries(isObject(schema["properties"]) ? schema["properties"] : {}) as [
    string,
    JsonObject,
  ][];
  return [
    ...fields.filter(([name]) => name !== "metadata"),
    ...fields.filter(([name]) => name !== "metadata").flatMap(([, field]) => fieldsIn(field)),
    ...fieldsIn(schema["items"]),
  ];
}

describe("what the plugin knows better", () => {
  it("is what docs/live.md lists", () => {
    expect(documented()).toEqual(knowsBetter.map(({ title }) => title));
  });

  it.each(knowsBetter)("$title: it says so", ({ object, message }) => {
    expect(refusalOf(object)).toMatch(message);
  });
});
