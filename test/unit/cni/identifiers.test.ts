import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { identifierFault, interfaceNameFault } from "../../../plugin/cni/call.ts";

describe("names that go into file names and kernel names", () => {
  it.each(["c1", "719dbdcf32a2274ecad9ad5329ccb779b84e0bf85bc74cea07acbb5b499e6de1", "A_b.c-d", "0"])(
    "%s is an identifier",
    (text) => expect(identifierFault(text)).toBeUndefined(),
  );

  it.each(["", ".", "..", "-a", "_a", "a/b", "a b", "a\n", "é", "a:b", "a\0"])("%j is none", (text) =>
    expect(identifierFault(text)).toContain(JSON.stringify(text)),
  );

  it.each(["eth0", "net1", "eth0.100", "a", "fifteen-letters", "br_x", "a@b"])(
    "%s can be an interface",
    (text) => expect(interfaceNameFault(text)).toBeUndefined(),
  );

  it.each([
    ".",
    "..",
    "a/b",
    "a:b",
    "a b",
    "a\tb",
    "a\n",
    "sixteen-letters-",
    'a"',
    "a'",
    "a\\b",
    "#a",
    "a+",
    "!a",
    "-a",
    "é0",
    "a\x7f",
  ])("%j cannot: the kernel, tc or iptables would read something else", (text) =>
    expect(interfaceNameFault(text)).toContain(JSON.stringify(text)),
  );

  it("an accepted interface name is one word of at most 15 printable characters to every tool", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 17, unit: "binary" }), (text) => {
        if (interfaceNameFault(text) === undefined) expect(text).toMatch(/^(?!-)[\x21-\x7e]{1,15}$/);
      }),
    );
  });
});
