/** Takes away what programs made. What is already gone is as it should be; what stays although it is ours is an error. */
import type { CniError } from "../errors.ts";
import { listChains, parseChain, removeChains, removeFound } from "../program/iptables.ts";
import { parseLinks, removeLinks, showLink, type Ifb } from "../program/link.ts";
import { keyOf } from "../program/drift.ts";
import type { Batch, Program } from "../program/program.ts";
import { removeTc } from "../program/tc.ts";
import type { Outcome } from "./exec.ts";
import { nodeHasLink } from "./linux.ts";
import { runAt } from "./netns.ts";
import { observeTc } from "./observe.ts";
import { refusal } from "./refusal.ts";

/** Links last: a redirect must not point at an ifb that is gone. Every program is tried; the errors come back together. */
export async function remove(programs: readonly Program[], netns: string): Promise<readonly CniError[]> {
  const others = programs.filter(({ tool }) => tool !== "link");
  const links = programs.filter(({ tool }) => tool === "link");
  const first = await Promise.all(others.map((program) => removeOne(program, netns)));
  const last = await Promise.all(links.map((program) => removeOne(program, netns)));
  return [...first, ...last].filter((error) => error !== undefined);
}

async function removeOne(whole: Program, netns: string): Promise<CniError | undefined> {
  const program = stillThere(whole);
  if (program.objects.length === 0) return undefined;
  const batch = removalBatch(program);
  const outcome = await runAt(program.place, netns, batch);
  if (outcome.exitCode === 0) return undefined;
  return (await isGone(program, netns)) ? undefined : refusal(program.place, batch, outcome);
}

function removalBatch(program: Program): Batch {
  switch (program.tool) {
    case "link":
      return removeLinks(program.objects);
    case "tc":
      return removeTc(program.objects);
    case "iptables":
    case "ip6tables":
      return removeChains(program.tool, program.objects);
  }
}

/** On the node a look into sysfs saves starting a tool for a veth that the primary plugin has deleted already. */
function stillThere(program: Program): Program {
  if (program.place !== "node") return program;
  if (program.tool === "tc") {
    return { ...program, objects: program.objects.filter(({ dev }) => nodeHasLink(dev)) };
  }
  if (program.tool === "link") {
    return { ...program, objects: program.objects.filter(({ name }: Ifb) => nodeHasLink(name)) };
  }
  return program;
}

async function isGone(program: Program, netns: string): Promise<boolean> {
  switch (program.tool) {
    case "link": {
      const shown = await Promise.all(
        program.objects.map(({ name }) => runAt(program.place, netns, showLink(name))),
      );
      return shown.flatMap(({ stdout }) => parseLinks(stdout)).length === 0;
    }
    case "tc": {
      const devices = await observeTc(program.place, netns, program.objects);
      const left = new Set(
        devices.flatMap(({ dev, objects }) => objects.map((object) => `${dev} ${keyOf(object)}`)),
      );
      return !program.objects.some((object) => left.has(`${object.dev} ${keyOf(object)}`));
    }
    case "iptables":
    case "ip6tables":
      return (await removeWhatIsFound(program, netns)).exitCode === 0;
  }
}

/** iptables-restore does all or nothing: with half a chain there, only a look tells which half to take away. */
async function removeWhatIsFound(
  { tool, place, objects }: Extract<Program, { readonly tool: "iptables" | "ip6tables" }>,
  netns: string,
): Promise<Outcome> {
  const { stdout } = await runAt(place, netns, listChains(tool));
  const found = objects.map((chain) => parseChain(stdout, chain));
  return runAt(place, netns, removeFound(tool, found));
}
