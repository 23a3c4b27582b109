/**
 * Desired kernel state as data. A Program is what one tool shall make true in one network namespace; drivers return
 * lists of them, one applier runs them, CHECK reads the kernel back into the same objects. Pure.
 */
import type { Ifb } from "./link.ts";
import type { MangleChain } from "./iptables.ts";
import type { TcObject } from "./tc.ts";

/** "node" is the namespace the plugin was started in, "pod" the one CNI_NETNS names. */
export type Place = "node" | "pod";

export type Program =
  | { readonly tool: "link"; readonly place: Place; readonly objects: readonly Ifb[] }
  | { readonly tool: "tc"; readonly place: Place; readonly objects: readonly TcObject[] }
  | { readonly tool: "iptables"; readonly place: Place; readonly objects: readonly MangleChain[] }
  | { readonly tool: "ip6tables"; readonly place: Place; readonly objects: readonly MangleChain[] };

export type Tool = Program["tool"];

/** Links first: a redirect names its ifb. */
const toolOrder: readonly Tool[] = ["link", "tc", "iptables", "ip6tables"];

/** One program per tool and place, so that a namespace is entered once per tool. */
export function merge(programs: readonly Program[]): readonly Program[] {
  const merged: Program[] = [];
  for (const program of programs) {
    const at = merged.findIndex(({ tool, place }) => tool === program.tool && place === program.place);
    const sibling = merged[at];
    if (sibling === undefined) merged.push(program);
    else merged[at] = { ...sibling, objects: [...sibling.objects, ...program.objects] } as Program;
  }
  return merged
    .filter(({ objects }) => objects.length > 0)
    .toSorted((a, b) => toolOrder.indexOf(a.tool) - toolOrder.indexOf(b.tool));
}

/** What a batch tells one tool to do. */
export type Batch = { readonly argv: readonly string[]; readonly input: string };
