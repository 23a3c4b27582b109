import * as fc from "fast-check";
import { expect, it } from "vitest";
import { refuseRepeatedKeys } from "../../../plugin/cni/json-keys.ts";
import { rawMember } from "../../../plugin/cni/raw.ts";
import { refusal } from "../support/refusal.ts";

it.each(['{"a":1,"a":2}', '[{"b":{},"c":[],"b":{}}]', '{"a":{"x":"}"},"b":"\\"","a":null}', '{"":1,"":2}'])(
  "%s has a key twice",
  (text) => {
    expect(refusal(() => refuseRepeatedKeys("conf", text)).message).toMatch(/^conf: the key ".*" is twice/);
  },
);

it("a string of millions of escapes is a string like any other", () => {
  const text = JSON.stringify({ a: '"'.repeat(4e6), b: 1 });
  refuseRepeatedKeys("conf", text);
  expect(refusal(() => refuseRepeatedKeys("conf", text.replace('"b"', '"a"'))).message).toContain('"a"');
  expect(rawMember(text, "b")).toBe("1");
});

it("what JSON.stringify writes never has, at whatever depth", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      refuseRepeatedKeys("x", JSON.stringify(value));
    }),
  );
});
