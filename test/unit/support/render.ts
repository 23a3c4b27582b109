import { handlerOf, type Program } from "../../../plugin/program/program.ts";

/** The programs as a person would type them: where, which tool, and what it reads. */
export function rendered(programs: readonly Program[]): string {
  return programs
    .map((program) => {
      const { argv, input } = handlerOf(program).add(program.objects);
      return `[${program.place}] ${argv.join(" ")}\n${input}`;
    })
    .join("\n");
}
