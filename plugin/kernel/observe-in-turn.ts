/** What is there of many programs' objects, read by as few processes of ours as can be: each costs more than most tools. */
import type { Batch } from "../program/handler.ts";
import type { Observation, Place, Program } from "../program/program.ts";
import type { Outcome } from "./exec.ts";
import { runInTurn, type Call } from "./in-turn.ts";
import { answerOf, observation, questionsOf } from "./observe.ts";

export type Asked = { readonly programs: readonly Program[]; readonly netns: string };

export type Answered =
  | { readonly kind: "seen"; readonly observations: readonly Observation[] }
  | { readonly kind: "unreadable"; readonly error: unknown };

/** One process for the node and one for the pod, side by side. */
export async function observe(programs: readonly Program[], netns: string): Promise<readonly Observation[]> {
  return (await observeAnd(programs, netns, [])).observed;
}

export type Observed = {
  readonly observed: readonly Observation[];
  /** Of what else was asked. */
  readonly outcomes: readonly Outcome[];
};

/** `others`: what else is asked in the pod. */
export async function observeAnd(
  programs: readonly Program[],
  netns: string,
  others: readonly Batch[],
): Promise<Observed> {
  const at = (where: Place): readonly Program[] => programs.filter(({ place }) => place === where);
  const [onNode, inPod] = await Promise.all([
    look([{ programs: at("node"), netns }], []),
    look(
      [{ programs: at("pod"), netns }],
      others.map((batch) => ({ netns, batch })),
    ),
  ]);
  const seen = [...onNode.answered, ...inPod.answered].flatMap(observationsIn);
  const observed = programs.flatMap((program) => seen.find((one) => one.program === program) ?? []);
  return { observed, outcomes: inPod.outcomes };
}

/** All by one process: for who has time. */
export async function observeInTurn(
  programs: readonly Program[],
  netns: string,
): Promise<readonly Observation[]> {
  return (await observeAll([{ programs, netns }])).flatMap(observationsIn);
}

function observationsIn(answered: Answered): readonly Observation[] {
  if (answered.kind === "unreadable") throw answered.error;
  return answered.observations;
}

/** Of several pods at once, in their order. */
export async function observeAll(asked: readonly Asked[]): Promise<readonly Answered[]> {
  return (await look(asked, [])).answered;
}

type Look = { readonly answered: readonly Answered[]; readonly outcomes: readonly Outcome[] };

async function look(asked: readonly Asked[], others: readonly Call[]): Promise<Look> {
  const questions = asked.flatMap(({ programs, netns }) =>
    programs.flatMap((program) =>
      questionsOf(program).map((question) => ({
        program,
        question,
        call: { netns: program.place === "pod" ? netns : undefined, batch: question.batch },
      })),
    ),
  );
  const outcomes = await runInTurn([...questions.map(({ call }) => call), ...others]);
  const answersTo = (asking: Program): readonly string[] =>
    questions.flatMap(({ program, question }, at) => {
      const outcome = outcomes[at];
      const isIts = program === asking && outcome !== undefined;
      return isIts ? [answerOf(program.place, question, outcome)] : [];
    });
  const answered = asked.map(({ programs }): Answered => {
    try {
      const observations = programs.map((program) => observation(program, answersTo(program)));
      return { kind: "seen", observations };
    } catch (error) {
      return { kind: "unreadable", error };
    }
  });
  return { answered, outcomes: outcomes.slice(questions.length) };
}
