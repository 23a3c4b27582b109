import type { Features } from "../../plugin/datapath/driver.ts";
import type { Observation } from "../../plugin/program/drift.ts";
import { addChains, listChains, parseChain, removeChains } from "../../plugin/program/iptables.ts";
import { addLinks, parseLinks, removeLinks, showLink } from "../../plugin/program/link.ts";
import type { Batch, Program } from "../../plugin/program/program.ts";
import { addTc, listTc, removeHolders, removeTc } from "../../plugin/program/tc.ts";
import { parseTc } from "../../plugin/program/tc-parse.ts";
import { hasFeature } from "./needs.ts";
import type { Plug } from "./plug.ts";
import type { ExecResult } from "./process.ts";

/** What this kernel has, found out by the lab and not by the plugin. */
export const kernelFeatures = (): Features => ({
  police: hasFeature("act_police"),
  fqCodel: hasFeature("fq_codel"),
  matcher: hasFeature("matchall") ? "matchall" : "u32",
});

/** A small kernel's, whatever this one has. */
export const fewestFeatures: Features = { police: false, fqCodel: false, matcher: "u32" };

/** Runs the text of each program with its tool, in its namespace of the lab; throws what the tool says against it. */
export const make = async (pod: Plug, programs: readonly Program[]): Promise<void> => {
  for (const program of programs) await run(pod, program.place, batchFor(program, "add"));
};

export const unmake = async (pod: Plug, programs: readonly Program[]): Promise<void> => {
  for (const program of programs.toReversed()) {
    await run(pod, program.place, batchFor(program, "remove"));
    const holders = program.tool === "tc" ? removeHolders(program.objects) : undefined;
    if (holders !== undefined) await run(pod, program.place, holders);
  }
};

export const readBack = (pod: Plug, programs: readonly Program[]): Promise<readonly Observation[]> =>
  Promise.all(programs.map((program) => readBackOne(pod, program)));

const batchFor = (program: Program, what: "add" | "remove"): Batch => {
  switch (program.tool) {
    case "link":
      return (what === "add" ? addLinks : removeLinks)(program.objects);
    case "tc":
      return (what === "add" ? addTc : removeTc)(program.objects);
    case "iptables":
    case "ip6tables":
      return (what === "add" ? addChains : removeChains)(program.tool, program.objects);
  }
};

const readBackOne = async (pod: Plug, program: Program): Promise<Observation> => {
  const ask = async (batch: Batch): Promise<string> => (await run(pod, program.place, batch, false)).stdout;
  switch (program.tool) {
    case "link": {
      const shown = await Promise.all(program.objects.map(({ name }) => ask(showLink(name))));
      return { tool: "link", seen: shown.flatMap(parseLinks) };
    }
    case "tc": {
      const devices = [...new Set(program.objects.map(({ dev }) => dev))];
      return {
        tool: "tc",
        seen: await Promise.all(devices.map(async (dev) => parseTc(dev, await ask(listTc(dev))))),
      };
    }
    case "iptables":
    case "ip6tables": {
      const text = await ask(listChains(program.tool));
      return { tool: program.tool, seen: program.objects.map((chain) => parseChain(text, chain)) };
    }
  }
};

const run = (
  pod: Plug,
  place: "node" | "pod",
  { argv: [tool = "", ...args], input }: Batch,
  reject = true,
): Promise<ExecResult> => (place === "node" ? pod.node : pod.pod).exec(tool, args, { input, reject });
