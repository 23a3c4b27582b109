import type { Features } from "../../../plugin/datapath/driver.ts";
import type { Batch } from "../../../plugin/program/handler.ts";
import { handlerOf, type Observation, type Program } from "../../../plugin/program/program.ts";
import { hasFeature } from "./needs.ts";
import type { Plug } from "../plugin/plug.ts";
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
  for (const program of programs) await run(pod, program, handlerOf(program).add(program.objects));
};

export const unmake = async (pod: Plug, programs: readonly Program[]): Promise<void> => {
  for (const program of programs.toReversed()) {
    const handler = handlerOf(program);
    const { stdout } = await run(pod, program, handler.remove(program.objects));
    const ifSilent = stdout.trim() === "" ? handler.removeIfSilent?.(program.objects) : undefined;
    const then = ifSilent ?? handler.removeThen?.(program.objects, stdout);
    if (then !== undefined) await run(pod, program, then);
  }
};

export const readBack = (pod: Plug, programs: readonly Program[]): Promise<readonly Observation[]> =>
  Promise.all(
    programs.map(async (program) => {
      const handler = handlerOf(program);
      const ask = async ({ batch }: { readonly batch: Batch }): Promise<string> =>
        (await run(pod, program, batch, false)).stdout;
      const answers = await Promise.all(handler.look(program.objects).map(ask));
      return { program, seen: handler.parse(answers, program.objects) };
    }),
  );

const run = (
  pod: Plug,
  { place }: Program,
  { argv: [tool = "", ...args], input }: Batch,
  reject = true,
): Promise<ExecResult> => (place === "node" ? pod.node : pod.pod).exec(tool, args, { input, reject });
