/** Reads the kernel back into the types that programs are made of, and says what differs. Changes nothing. */
import { listChains, parseChain, type Family, type MangleChain } from "../program/iptables.ts";
import { parseLinks, showLink, type Ifb } from "../program/link.ts";
import { chainDrift, linkDrift, tcDrift } from "../program/drift.ts";
import type { Place, Program } from "../program/program.ts";
import { listTc, type TcObject } from "../program/tc.ts";
import { parseTc, type ObservedDevice } from "../program/tc-parse.ts";
import { runAt } from "./netns.ts";

/** One sentence per object that is not as the programs want it; none means that all is well. */
export async function findDrift(programs: readonly Program[], netns: string): Promise<readonly string[]> {
  const drifts = await Promise.all(programs.map((program) => driftOf(program, netns)));
  return drifts.flat();
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

function driftOf(program: Program, netns: string): Promise<readonly string[]> {
  switch (program.tool) {
    case "link":
      return linksDrift(program.place, netns, program.objects);
    case "tc":
      return observeTc(program.place, netns, program.objects).then((seen) => tcDrift(program.objects, seen));
    case "iptables":
    case "ip6tables":
      return chainsDrift(program.tool, program.place, netns, program.objects);
  }
}

async function linksDrift(place: Place, netns: string, wanted: readonly Ifb[]): Promise<readonly string[]> {
  const outputs = await Promise.all(wanted.map(({ name }) => runAt(place, netns, showLink(name))));
  return linkDrift(
    wanted,
    outputs.flatMap(({ stdout }) => parseLinks(stdout)),
  );
}

async function chainsDrift(
  family: Family,
  place: Place,
  netns: string,
  wanted: readonly MangleChain[],
): Promise<readonly string[]> {
  const { stdout } = await runAt(place, netns, listChains(family));
  return chainDrift(
    family,
    wanted,
    wanted.map((chain) => parseChain(stdout, chain)),
  );
}
