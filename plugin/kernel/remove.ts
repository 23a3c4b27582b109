/** Takes away what programs made. What is already gone is as it should be; what stays although it is ours is an error. */
import { CniError } from "../errors.ts";
import { removeChains, removeFound } from "../program/iptables.ts";
import { removeLinks, type Ifb } from "../program/link.ts";
import { keyOf } from "../program/drift.ts";
import type { Batch, Program } from "../program/program.ts";
import { removeHolders, removeTc } from "../program/tc.ts";
import type { Outcome } from "./exec.ts";
import { workIsDone } from "./leave-early.ts";
import { nodeHasLink, readAlias } from "./linux.ts";
import { runAt } from "./netns.ts";
import { observeChains, observeLinks, observeTc } from "./observe.ts";
import { refusal } from "./refusal.ts";

/**
 * Links last: deleting one holds the kernel's configuration lock, and everything beside it would wait. Every program is
 * tried; the errors come back together.
 */
export async function remove(programs: readonly Program[], netns: string): Promise<readonly CniError[]> {
  const trimmed = programs
    .map((program) => withoutDoomed(program, programs))
    .map(stillThere)
    .filter(({ objects }) => objects.length > 0);
  const others = trimmed.filter(({ tool }) => tool !== "link");
  const links = trimmed.filter(({ tool }) => tool === "link");
  const first = await Promise.all(others.map((program) => removeOne(program, netns)));
  const last = await Promise.all(links.map((program) => removeOne(program, netns)));
  return [...first, ...last].filter((error) => error !== undefined);
}

/** What stands on an ifb goes with the ifb. */
function withoutDoomed(program: Program, all: readonly Program[]): Program {
  if (program.tool !== "tc") return program;
  const links = all.filter((other) => other.tool === "link" && other.place === program.place);
  const doomed = new Set(
    links.flatMap(({ objects }) => objects.map((object) => ("name" in object ? object.name : ""))),
  );
  return { ...program, objects: program.objects.filter(({ dev }) => !doomed.has(dev)) };
}

async function removeOne(program: Program, netns: string): Promise<CniError | undefined> {
  const batch = removalBatch(program);
  const outcome = await runAt(program.place, netns, batch, workIsDone(program));
  if (program.tool === "tc" && outcome.stdout.trim() === "") await dropHolders(program, netns);
  if (outcome.exitCode === 0 && outcome.stderr === "") return undefined;
  try {
    return (await isGone(program, netns)) ? undefined : refusal(program.place, batch, outcome);
  } catch (error) {
    if (error instanceof CniError) return error;
    throw error;
  }
}

async function dropHolders(program: Extract<Program, { readonly tool: "tc" }>, netns: string): Promise<void> {
  const batch = removeHolders(program.objects);
  if (batch !== undefined) await runAt(program.place, netns, batch);
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
    return { ...program, objects: program.objects.filter(isOurs) };
  }
  return program;
}

/** With no alias yet it is one of ours whose ADD was killed; with another's it only has the name. */
function isOurs({ name, alias }: Ifb): boolean {
  return nodeHasLink(name) && ["", alias].includes(readAlias(name));
}

async function isGone(program: Program, netns: string): Promise<boolean> {
  switch (program.tool) {
    case "link":
      return (await observeLinks(program.place, netns, program.objects)).length === 0;
    case "tc": {
      const devices = await observeTc(program.place, netns, program.objects);
      const left = new Set(
        devices.flatMap(({ dev, objects }) => objects.map((object) => `${dev} ${keyOf(object)}`)),
      );
      return !program.objects.some(
        (object) => object.kind !== "clsact" && left.has(`${object.dev} ${keyOf(object)}`),
      );
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
  const found = await observeChains(tool, place, netns, objects);
  return runAt(place, netns, removeFound(tool, found));
}
