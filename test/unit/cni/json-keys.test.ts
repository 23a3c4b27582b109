import * as fc from "fast-check";
import { expect, it } from "vitest";
import { refuseRepeatedKeys } from "../../../plugin/cni/json-keys.ts";
import { refusal } from "../support/refusal.ts";

it.each(['{"a":1,"a":2}', '[{"b":{},"c":[],"b":{}}]', '{"a":{"x":"}"},"b":"\\"","a":null}', '{"":1,"":2}'])(
  "%s has a key twice",
  (text) => {
    expect(refusal(() => refuseRepeatedKeys("conf", text)).message).toMatch(/^conf: the key ".*" is twice/);
  },
);

it("what JSON.stringify writes never has, at whatever depth", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      refuseRepeatedKeys("x", JSON.stringify(value));
    }),
  );
});
