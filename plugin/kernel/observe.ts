/** Reads the kernel back into the types that programs are made of. Changes nothing. */
import type { Question } from "../program/handler.ts";
import { handlerOf, type Observation, type Place, type Program } from "../program/program.ts";
import type { Outcome } from "./exec.ts";
import { runAt } from "./netns.ts";
import { refusal } from "./refusal.ts";

export async function observeOne(program: Program, netns: string): Promise<Observation> {
  return observation(program, await answersFor(program, netns));
}

export function answersFor(program: Program, netns: string): Promise<readonly string[]> {
  const { place } = program;
  const answers = questionsOf(program).map(async (question) =>
    answerOf(place, question, await runAt(place, netns, question.batch)),
  );
  return Promise.all(answers);
}

export function questionsOf(program: Program): readonly Question[] {
  return handlerOf(program).look(program.objects);
}

export function observation(program: Program, answers: readonly string[]): Observation {
  return { program, seen: handlerOf(program).parse(answers, program.objects) };
}

/** "Could not look" is not "is not there": only the kernel's word for an absent device counts as an empty answer. */
export function answerOf(place: Place, { batch, isAnswer }: Question, outcome: Outcome): string {
  if (outcome.exitCode !== -1 && isAnswer(outcome)) return outcome.stdout;
  if (outcome.exitCode > 0 && /Cannot find device|does not exist/.test(outcome.stderr)) return "";
  throw refusal(place, batch, outcome);
}
