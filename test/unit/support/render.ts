import { addChains } from "../../../plugin/program/iptables.ts";
import { addLinks } from "../../../plugin/program/link.ts";
import type { Batch, Program } from "../../../plugin/program/program.ts";
import { addTc } from "../../../plugin/program/tc.ts";

/** The programs as a person would type them: where, which tool, and what it reads. */
export function rendered(programs: readonly Program[]): string {
  return programs
    .map((program) => {
      const { argv, input } = batchOf(program);
      return `[${program.place}] ${argv.join(" ")}\n${input}`;
    })
    .join("\n");
}

function batchOf(program: Program): Batch {
  switch (program.tool) {
    case "link":
      return addLinks(program.objects);
    case "tc":
      return addTc(program.objects);
    case "iptables":
    case "ip6tables":
      return addChains(program.tool, program.objects);
  }
}
