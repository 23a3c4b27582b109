import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rawMember, withMember } from "../../../plugin/cni/raw.ts";
import { resultFrom } from "../../../plugin/cni/prev-result.ts";
import { ErrorCode } from "../../../plugin/errors.ts";
import { fixture } from "../support/fixture.ts";
import { refusal } from "../support/refusal.ts";

const objects = fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue({ stringUnit: "binary" }));
const indents = fc.constantFrom(undefined, 1, "\t", " \n ");

describe("rawMember", () => {
  it("is a piece of the input that parses to the member's value, for every object, key and layout", () => {
    fc.assert(
      fc.property(objects, indents, (object, indent) => {
        const json = JSON.stringify(object, undefined, indent);
        const parsed = JSON.parse(json) as Readonly<Record<string, unknown>>;
        for (const [key, value] of Object.entries(parsed)) {
          const slice = rawMember(json, key);
          expect(json).toContain(slice);
          expect(JSON.parse(slice ?? "")).toEqual(value);
        }
      }),
    );
  });

  it("finds nothing but what is there", () => {
    fc.assert(
      fc.property(objects, fc.string(), (object, key) => {
        expect(rawMember(JSON.stringify(object), key) === undefined).toBe(!Object.hasOwn(object, key));
      }),
    );
  });

  it.each([
    "1.0",
    "1e400",
    "-0",
    "12345678901234567890",
    "1E+2",
    '"\\u0041\\/"',
    "true",
    "null",
    "[]",
    "{ }",
    '{"2":1,"1":2}',
  ])("hands %s back as it was written", (value) => {
    expect(rawMember(`{"a": 1, "k" : \n ${value}\t, "z": []}`, "k")).toBe(value);
    expect(rawMember(`{"k":${value}}`, "k")).toBe(value);
  });

  it.each([
    ["the last of a key given twice, as JSON.parse has it", '{"k":1,"k":2,"j":3}', "2"],
    ["a key written with escapes", '{"\\u006b":1}', "1"],
    [
      "a nested object's key of the same name is another one",
      '{"a":{"k":1},"b":[{"k":2}],"k":3,"c":{"k":4}}',
      "3",
    ],
    ["a string that looks like a member is none", '{"a":"\\"k\\":1,","b":"k","k":2,"c":"}{"}', "2"],
    ["a value equal to the key", '{"k":"k"}', '"k"'],
    ["a value that ends in a backslash", '{"k":"\\\\","l":1}', '"\\\\"'],
  ])("%s", (_, json, value) => {
    expect(rawMember(json, "k")).toBe(value);
  });

  it.each(['{"a":{"k":1}}', "{}", '{"K":1}', '{"a":"k"}', '{"a":["k",1]}'])("%s has no k", (json) => {
    expect(rawMember(json, "k")).toBeUndefined();
  });
});

describe("withMember", () => {
  it("sets the member and changes no other", () => {
    fc.assert(
      fc.property(objects, indents, fc.string(), (object, indent, value) => {
        const json = JSON.stringify(object, undefined, indent);
        const before = JSON.parse(json) as object;
        expect(JSON.parse(withMember(json, "cniVersion", value))).toEqual({ ...before, cniVersion: value });
      }),
    );
  });

  it.each([
    ["{}", '{"v":"1"}'],
    [" { } ", ' {"v":"1" } '],
    ['{"a":1.0}', '{"v":"1","a":1.0}'],
    ['{"a":1.0,"v":"0","b":1e400}', '{"a":1.0,"v":"1","b":1e400}'],
    ['{"a":"{$&"}', '{"v":"1","a":"{$&"}'],
  ])("%s becomes %s", (json, wanted) => {
    expect(withMember(json, "v", "1")).toBe(wanted);
  });
});

describe("002-34 004-1 resultFrom", () => {
  const input = fixture("fixtures", "containerd-1.6-add.stdin");

  it("hands a real prevResult back byte for byte", () => {
    const result = resultFrom(input, "1.0.0");
    expect(input).toContain(`"prevResult":${result},"runtimeConfig"`);
  });

  it.each([
    [
      "another version is replaced in place",
      '{"ips":[],"cniVersion":"0.4.0","x":1.0}',
      '{"ips":[],"cniVersion":"1.0.0","x":1.0}',
    ],
    ["a missing version is put first", '{"ips":[],"x":1.0}', '{"cniVersion":"1.0.0","ips":[],"x":1.0}'],
    [
      "only the result's own version counts",
      '{"a":{"cniVersion":"0.4.0"}}',
      '{"cniVersion":"1.0.0","a":{"cniVersion":"0.4.0"}}',
    ],
  ])("%s", (_, previous, result) => {
    expect(resultFrom(`{"cniVersion":"1.0.0", "prevResult": ${previous} }`, "1.0.0")).toBe(result);
  });

  it.each(["{}", '{"prevResult":null}', '{"prevResult":"x"}', '{"prevResult":[]}'])(
    "%s is no chain: code 7",
    (json) => {
      const { code, message } = refusal(() => resultFrom(json, "1.0.0"));
      expect(code).toBe(ErrorCode.invalidConfig);
      expect(message).toContain("prevResult is missing");
    },
  );
});
