/** What observe.ts reads, read by one process of ours: for who looks at many and has time. It takes longer and costs less. */
import type { Observation, Program } from "../program/program.ts";
import { runInTurn } from "./in-turn.ts";
import { answerOf, observation, questionsOf } from "./observe.ts";

export async function observeInTurn(
  programs: readonly Program[],
  netns: string,
): Promise<readonly Observation[]> {
  const asked = programs.flatMap((program) =>
    questionsOf(program).map((question) => ({ program, question })),
  );
  const calls = asked.map(({ program: { place }, question: { batch } }) => ({ place, batch }));
  const outcomes = await runInTurn(calls, netns);
  const answers = asked.flatMap(({ program, question }, at) => {
    const outcome = outcomes[at];
    return outcome === undefined ? [] : [{ program, text: answerOf(program.place, question, outcome) }];
  });
  return programs.map((program) => {
    const own = answers.filter((answer) => answer.program === program);
    return observation(
      program,
      own.map(({ text }) => text),
    );
  });
}
