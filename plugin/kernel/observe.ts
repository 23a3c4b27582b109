/** Reads the kernel back into the types that programs are made of. Changes nothing. */
import {
  listChains,
  parseChain,
  type Family,
  type MangleChain,
  type ObservedChain,
} from "../program/iptables.ts";
import { parseLinks, showLink, type Ifb, type ObservedLink } from "../program/link.ts";
import type { Place, Program } from "../program/program.ts";
import { listTc, type TcObject } from "../program/tc.ts";
import { parseTc, type ObservedDevice } from "../program/tc-parse.ts";
import type { Observation } from "../program/drift.ts";
import { runAt } from "./netns.ts";

/** What is there of each program's objects, in the order of the programs. */
export function observe(programs: readonly Program[], netns: string): Promise<readonly Observation[]> {
  return Promise.all(programs.map((program) => observeOne(program, netns)));
}

async function observeOne(program: Program, netns: string): Promise<Observation> {
  switch (program.tool) {
    case "link":
      return { tool: "link", seen: await observeLinks(program.place, netns, program.objects) };
    case "tc":
      return { tool: "tc", seen: await observeTc(program.place, netns, program.objects) };
    case "iptables":
    case "ip6tables":
      return {
        tool: program.tool,
        seen: await observeChains(program.tool, program.place, netns, program.objects),
      };
  }
}

/** The devices a tc program speaks of, as they are. */
export function observeTc(
  place: Place,
  netns: string,
  objects: readonly TcObject[],
): Promise<readonly ObservedDevice[]> {
  const devices = [...new Set(objects.map(({ dev }) => dev))];
  return Promise.all(
    devices.map(async (dev) => parseTc(dev, (await runAt(place, netns, listTc(dev))).stdout)),
  );
}

export async function observeLinks(
  place: Place,
  netns: string,
  links: readonly Ifb[],
): Promise<readonly ObservedLink[]> {
  const shown = await Promise.all(links.map(({ name }) => runAt(place, netns, showLink(name))));
  return shown.flatMap(({ stdout }) => parseLinks(stdout));
}

export async function observeChains(
  family: Family,
  place: Place,
  netns: string,
  chains: readonly MangleChain[],
): Promise<readonly ObservedChain[]> {
  const { stdout } = await runAt(place, netns, listChains(family));
  return chains.map((chain) => parseChain(stdout, chain));
}
