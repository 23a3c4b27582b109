import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitLines } from "../../../plugin/kube/lines.ts";

describe("lines of a stream", () => {
  it("are the same however the bytes are cut, within a character too", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\n", ""))),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        (lines, sizes) => {
          const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
          const { push, rest } = splitLines();
          const got: string[] = [];
          for (let at = 0, turn = 0; at < bytes.length; turn++) {
            const size = sizes[turn % sizes.length] ?? 1;
            got.push(...push(bytes.subarray(at, at + size)));
            at += size;
          }
          expect(got).toEqual(lines);
          expect(rest()).toBe(0);
        },
      ),
    );
  });

  it("that have not ended are counted", () => {
    const { push, rest } = splitLines();
    expect(push(Buffer.from('{"a":1}\n{"b"'))).toEqual(['{"a":1}']);
    expect(rest()).toBe(4);
  });

  it("end at 0x0A alone: other line ends are in JSON texts", () => {
    expect(splitLines().push(Buffer.from("a\u2028b\u0085c\rd\n"))).toEqual(["a\u2028b\u0085c\rd"]);
  });

  it("may be so long and no longer, in one piece or in many", () => {
    expect(splitLines(4).push(Buffer.from("1234\n1234\n"))).toEqual(["1234", "1234"]);
    expect(() => splitLines(4).push(Buffer.from("12345"))).toThrow("a line of more than 4 bytes");
    const { push } = splitLines(4);
    push(Buffer.from("123"));
    expect(() => push(Buffer.from("45\n"))).toThrow("a line of more than 4 bytes");
  });
});
