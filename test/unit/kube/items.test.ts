import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitItems } from "../../../plugin/kube/items.ts";

const split = (text: string, size = 65_536, most?: number) => {
  const items: string[] = [];
  const { push, rest } = splitItems((item) => void items.push(item), most);
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) push(bytes.subarray(at, at + size));
  return { items, rest: rest() };
};

describe("the items of a list", () => {
  it("are those of its JSON, however the bytes are cut and whatever is in them and around them", () => {
    const list = fc.record(
      {
        metadata: fc.jsonValue(),
        items: fc.array(fc.jsonValue({ maxDepth: 4 })),
        kind: fc.string({ unit: "grapheme" }),
        more: fc.record({ items: fc.array(fc.jsonValue()) }),
      },
      { requiredKeys: ["items"] },
    );
    fc.assert(
      fc.property(list, fc.integer({ min: 1, max: 40 }), fc.constantFrom(0, 2), (value, size, indent) => {
        const { items, rest } = split(JSON.stringify(value, null, indent), size);
        const all: unknown[] = items.map((item) => JSON.parse(item) as unknown);
        const wanted = JSON.parse(JSON.stringify(value)) as typeof value;
        expect(all).toEqual(wanted.items);
        expect(JSON.parse(rest)).toEqual({ ...wanted, items: [] });
      }),
    );
  });

  it.each([
    ["null", '{"kind":"PodList","items":null}'],
    ["none", '{"metadata":{"resourceVersion":"7"}}'],
    ["no list", '{"items":{"items":[1,2]}}'],
    ["text that only looks like them", String.raw`{"a":"\"items\":[1]","b":["items",[1]]}`],
    ["no JSON", "<html>items: [1, 2]</html>"],
    ["an array", '[{"items":[1]}]'],
  ])("that are %s are none, and all is around them", (_, text) => {
    expect(split(text, 3)).toEqual({ items: [], rest: text });
  });

  it("one that is cut is none: the rest is no JSON", () => {
    const { items, rest } = split('{"items":[{"a":1},{"b":');
    expect(items).toEqual(['{"a":1}']);
    expect(() => JSON.parse(rest) as unknown).toThrow(SyntaxError);
  });

  it("may be so long and no longer", () => {
    expect(split('{"items":[12345678901234,1]}', 4, 14).items).toEqual(["12345678901234", "1"]);
    expect(() => split('{"items":[123456789012345]}', 4, 14)).toThrow(
      "more than 14 bytes in one item of the list",
    );
  });
});
