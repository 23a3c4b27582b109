/** Reads the kernel back into the types that programs are made of. Changes nothing. */
import type { Question } from "../program/handler.ts";
import { handlerOf, type Observation, type Place, type Program } from "../program/program.ts";
import { runAt } from "./netns.ts";
import { refusal } from "./refusal.ts";

/** What is there of each program's objects. */
export function observe(programs: readonly Program[], netns: string): Promise<readonly Observation[]> {
  return Promise.all(programs.map((program) => observeOne(program, netns)));
}

export async function observeOne(program: Program, netns: string): Promise<Observation> {
  const handler = handlerOf(program);
  const questions = handler.look(program.objects);
  const answers = await Promise.all(questions.map((question) => ask(program.place, netns, question)));
  return { program, seen: handler.parse(answers, program.objects) };
}

/** "Could not look" is not "is not there": only the kernel's word for an absent device counts as an empty answer. */
async function ask(place: Place, netns: string, { batch, isAnswer }: Question): Promise<string> {
  const outcome = await runAt(place, netns, batch);
  if (outcome.exitCode !== -1 && isAnswer(outcome)) return outcome.stdout;
  if (outcome.exitCode > 0 && /Cannot find device|does not exist/.test(outcome.stderr)) return "";
  throw refusal(place, batch, outcome);
}
