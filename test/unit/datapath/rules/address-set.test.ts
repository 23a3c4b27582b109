/** Blocks and exceptions become one set that answers as the blocks do. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { membersOf, type Member } from "../../../../plugin/datapath/rules/address-set.ts";
import { parseAddress } from "../../../../plugin/policy/address/address.ts";
import { contains, formatCidr, netOf, parseCidr } from "../../../../plugin/policy/address/cidr.ts";
import type { Block, Cidr } from "../../../../plugin/policy/rule/rule.ts";
import { repetitions } from "../../../lab/measure/repetitions.ts";
import { nearAddress4, nearAddress6, nearCidr4, nearCidr6 } from "../../support/network.ts";

const block = (cidr: string, ...except: readonly string[]): Block => ({
  cidr: parseCidr("test", cidr),
  except: except.map((hole) => parseCidr("test", hole)),
});
const words = (members: readonly Member[]): readonly string[] =>
  members.map(({ cidr, matches }) => formatCidr(cidr) + (matches ? "" : " nomatch"));

describe("the members of a set", () => {
  it.each([
    ["one block", [block("10.0.0.0/8")], ["10.0.0.0/8"]],
    [
      "002-19 a block with exceptions",
      [block("0.0.0.0/0", "10.11.12.13/32", "172.16.0.0/12")],
      ["0.0.0.0/0", "10.11.12.13/32 nomatch", "172.16.0.0/12 nomatch"],
    ],
    ["a block inside another adds nothing", [block("10.0.0.0/8"), block("10.1.0.0/16")], ["10.0.0.0/8"]],
    [
      "an exception that another block covers is none",
      [block("10.0.0.0/8", "10.1.0.0/16"), block("10.0.0.0/9")],
      ["10.0.0.0/8"],
    ],
    [
      "a block inside an exception",
      [block("10.0.0.0/8", "10.1.0.0/16"), block("10.1.2.0/24")],
      ["10.0.0.0/8", "10.1.0.0/16 nomatch", "10.1.2.0/24"],
    ],
    [
      "an exception from both of two blocks",
      [block("10.0.0.0/8", "10.1.0.0/16"), block("10.0.0.0/9", "10.1.0.0/16")],
      ["10.0.0.0/8", "10.1.0.0/16 nomatch"],
    ],
    ["an exception that takes all", [block("10.0.0.0/8", "10.0.0.0/8")], []],
    [
      "nested exceptions",
      [block("10.0.0.0/8", "10.1.0.0/16", "10.1.1.0/24")],
      ["10.0.0.0/8", "10.1.0.0/16 nomatch"],
    ],
    [
      "halves of an exception",
      [block("2001:db8::/32", "2001:db8::/33", "2001:db8:8000::/33")],
      ["2001:db8::/32", "2001:db8::/33 nomatch", "2001:db8:8000::/33 nomatch"],
    ],
  ] as const)("%s", (_, blocks, expected) => {
    expect(words(membersOf(blocks))).toEqual(expected);
  });

  it.each([
    ["IPv4", nearCidr4, nearAddress4],
    ["IPv6", nearCidr6, nearAddress6],
  ] as const)("answer as the blocks do, %s", (_, cidr, address) => {
    const blocks = fc.array(fc.tuple(cidr, fc.array(cidr, { maxLength: 4 })), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(blocks, fc.array(address, { minLength: 1, maxLength: 20 }), (texts, addresses) => {
        const list = texts.map(([outer, holes]) => block(outer, ...holes));
        const members = membersOf(list);
        for (const each of addresses) expect(finds(members, each)).toBe(isIn(list, each));
      }),
      { numRuns: repetitions(4_000) },
    );
  });
});

/** What hash:net does: of the members around the address the one with the longest prefix decides. */
function finds(members: readonly Member[], address: string): boolean {
  const around = members.filter(({ cidr }) => lies(address, cidr));
  return around.toSorted((a, b) => b.cidr.prefix - a.cidr.prefix)[0]?.matches ?? false;
}

function isIn(blocks: readonly Block[], address: string): boolean {
  return blocks.some(
    ({ cidr, except }) => lies(address, cidr) && !except.some((hole) => lies(address, hole)),
  );
}

function lies(text: string, cidr: Cidr): boolean {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(text);
  return contains(netOf(cidr), address);
}
