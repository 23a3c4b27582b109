/** What observe.ts reads, read by one process of ours: for who looks at many and has time. It takes longer and costs less. */
import type { Observation, Program } from "../program/program.ts";
import { runInTurn } from "./in-turn.ts";
import { answerOf, observation, questionsOf } from "./observe.ts";

export type Asked = { readonly programs: readonly Program[]; readonly netns: string };

export type Answered =
  | { readonly kind: "seen"; readonly observations: readonly Observation[] }
  | { readonly kind: "unreadable"; readonly error: unknown };

export async function observeInTurn(
  programs: readonly Program[],
  netns: string,
): Promise<readonly Observation[]> {
  const [answered] = await observeAll([{ programs, netns }]);
  if (answered?.kind === "unreadable") throw answered.error;
  return answered?.observations ?? [];
}

/** Of several pods at once, in their order. */
export async function observeAll(asked: readonly Asked[]): Promise<readonly Answered[]> {
  const questions = asked.flatMap(({ programs, netns }) =>
    programs.flatMap((program) =>
      questionsOf(program).map((question) => ({
        program,
        question,
        call: { netns: program.place === "pod" ? netns : undefined, batch: question.batch },
      })),
    ),
  );
  const outcomes = await runInTurn(questions.map(({ call }) => call));
  const answersTo = (asking: Program): readonly string[] =>
    questions.flatMap(({ program, question }, at) => {
      const outcome = outcomes[at];
      const isIts = program === asking && outcome !== undefined;
      return isIts ? [answerOf(program.place, question, outcome)] : [];
    });
  return asked.map(({ programs }) => {
    try {
      const observations = programs.map((program) => observation(program, answersTo(program)));
      return { kind: "seen", observations };
    } catch (error) {
      return { kind: "unreadable", error };
    }
  });
}
