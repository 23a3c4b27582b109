/**
 * Blocks as the members of one `hash:net` set. Pure. The set goes by the longest network around an address, and a member may
 * say `nomatch`; blocks are ORed, each without its own exceptions. So what one block excepts and another covers must not
 * become a `nomatch`: a network is a member where it decides otherwise than the one around it.
 */
import { covers, formatCidr, netOf, type Net } from "../../policy/address/cidr.ts";
import type { Block, Cidr } from "../../policy/rule/rule.ts";

export type Member = { readonly cidr: Cidr; readonly matches: boolean };

/** Blocks of one family. */
export function membersOf(blocks: readonly Block[]): readonly Member[] {
  const members: Member[] = [];
  const around: Network[] = [];
  const tally = blocks.map(() => ({ included: 0, excluded: 0 }));
  let matching = 0;
  const step = ({ mentions }: Network, by: 1 | -1): void => {
    for (const { block, role } of mentions) {
      const count = tally[block];
      if (count === undefined) continue;
      matching -= Number(isMatch(count));
      count[role] += by;
      matching += Number(isMatch(count));
    }
  };
  for (const network of networksOf(blocks)) {
    for (let outer = around.at(-1); outer && !covers(outer.net, network.net); outer = around.at(-1)) {
      step(outer, -1);
      around.pop();
    }
    const outside = matching > 0;
    step(network, 1);
    around.push(network);
    const inside = matching > 0;
    if (inside !== outside) members.push({ cidr: network.cidr, matches: inside });
  }
  return members;
}

type Count = { included: number; excluded: number };

function isMatch({ included, excluded }: Count): boolean {
  return included > 0 && excluded === 0;
}

type Network = {
  readonly cidr: Cidr;
  readonly net: Net;
  /** The blocks that name it, by index, and what as. */
  readonly mentions: readonly Mention[];
};
type Mention = { readonly block: number; readonly role: keyof Count };

/** Each network once, an outer one before those in it. */
function networksOf(blocks: readonly Block[]): readonly Network[] {
  const found = new Map<string, Network & { readonly mentions: Mention[] }>();
  const note = (cidr: Cidr, mention: Mention): void => {
    const key = formatCidr(cidr);
    const known = found.get(key) ?? { cidr, net: netOf(cidr), mentions: [] };
    known.mentions.push(mention);
    found.set(key, known);
  };
  blocks.forEach(({ cidr, except }, block) => {
    note(cidr, { block, role: "included" });
    except.forEach((hole) => note(hole, { block, role: "excluded" }));
  });
  return [...found.values()].toSorted((a, b) => compare(a.net, b.net));
}

function compare(a: Net, b: Net): number {
  const at = a.groups.findIndex((group, index) => group !== b.groups[index]);
  return at < 0 ? a.prefix - b.prefix : (a.groups[at] ?? 0) - (b.groups[at] ?? 0);
}
