/** Reads the kernel back into the types that programs are made of. Changes nothing. */
import {
  listChains,
  parseChain,
  type Family,
  type MangleChain,
  type ObservedChain,
} from "../program/iptables.ts";
import { parseLinks, showLink, type Ifb, type ObservedLink } from "../program/link.ts";
import type { Batch, Place, Program } from "../program/program.ts";
import { listTc, type TcObject } from "../program/tc.ts";
import { parseTc, type ObservedDevice } from "../program/tc-parse.ts";
import type { Observation } from "../program/drift.ts";
import type { Outcome } from "./exec.ts";
import { runAt } from "./netns.ts";
import { refusal } from "./refusal.ts";

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
    devices.map(async (dev) => parseTc(dev, await read(place, netns, listTc(dev), hasQdiscs))),
  );
}

export async function observeLinks(
  place: Place,
  netns: string,
  links: readonly Ifb[],
): Promise<readonly ObservedLink[]> {
  const shown = await Promise.all(links.map(({ name }) => read(place, netns, showLink(name), succeeded)));
  return shown.flatMap(parseLinks);
}

export async function observeChains(
  family: Family,
  place: Place,
  netns: string,
  chains: readonly MangleChain[],
): Promise<readonly ObservedChain[]> {
  const saved = await read(place, netns, listChains(family), succeeded);
  return chains.map((chain) => parseChain(saved, chain));
}

/** "Could not look" is not "is not there": only the kernel's word for an absent device counts as an empty answer. */
async function read(
  place: Place,
  netns: string,
  batch: Batch,
  answered: (outcome: Outcome) => boolean,
): Promise<string> {
  const outcome = await runAt(place, netns, batch);
  if (outcome.exitCode !== -1 && answered(outcome)) return outcome.stdout;
  if (outcome.exitCode > 0 && /Cannot find device|does not exist/.test(outcome.stderr)) return "";
  throw refusal(place, batch, outcome);
}

/** A hook without a clsact fails its own line, so the exit code does not tell; but every device has a qdisc line. */
function hasQdiscs({ stdout }: Outcome): boolean {
  return /^qdisc /m.test(stdout);
}

function succeeded({ exitCode }: Outcome): boolean {
  return exitCode === 0;
}
