/** Packets at a steady pace on one side, on the other which marks came and when they changed: sender/marks.go. */
import { endWithTest } from "../node/end-with-test.ts";
import { peer } from "../node/paths.ts";
import type { Namespace, Running } from "../node/process.ts";

/** What came of one sender. */
export type Seen = {
  readonly arrived: number;
  /** Packets by DSCP. */
  readonly marks: ReadonlyMap<number, number>;
  /** The first packet, and each that has another mark than the one before it. */
  readonly turns: readonly Turn[];
};

export type Turn = {
  /** Milliseconds of the clock of the day, when the kernel received the packet. */
  readonly at: number;
  readonly dscp: number;
};

export type MarkWatch = {
  /** Ends it: what came, by the sender's address. */
  readonly end: () => Promise<ReadonlyMap<string, Seen>>;
};

export type Flow = {
  /** How many packets were sent, once all are. */
  readonly done: Promise<number>;
  /** The same, of one that is ended now if it has not ended by itself. */
  readonly end: () => Promise<number>;
};

/** The clock that turns are told by, finer than a millisecond. */
export const dayMs = (): number => performance.timeOrigin + performance.now();

export const watchMarks = async (at: Namespace, address: string): Promise<MarkWatch> => {
  const running = endWithTest(at.start(program(), ["watch", `${address}:${PORT}`], { timeoutMs }));
  const hasPort = async (): Promise<boolean> =>
    (await at.exec("ss", ["-Hlun", `sport = :${PORT}`])).stdout.includes(`:${PORT}`);
  while (!(await hasPort())) await new Promise((resolve) => setTimeout(resolve, 20));
  return {
    end: async () => {
      running.kill("SIGTERM");
      return decoded(await answerOf<Readonly<Record<string, Raw>>>(running));
    },
  };
};

/** 100 bytes each, 1000 a second unless it is said otherwise, for at most ten minutes. */
export const sendSteadily = (
  from: Namespace,
  address: string,
  { everyMs = 1, count = 600_000 } = {},
): Flow => {
  const args = ["steady", `${address}:${PORT}`, "100", `${everyMs}ms`, `${count}`];
  const running = endWithTest(from.start(program(), args, { timeoutMs }));
  const done = answerOf<{ readonly sent: number; readonly refused: number }>(running).then(
    ({ sent, refused }) => {
      if (refused > 0) throw new Error(`the kernel refused ${refused} of ${sent} packets of the sender`);
      return sent;
    },
  );
  // Nobody waits for it any more where the test has failed at something else.
  done.catch(() => undefined);
  return {
    done,
    end: () => {
      running.kill("SIGTERM");
      return done;
    },
  };
};

const PORT = 7001;
const timeoutMs = 600_000;

const program = (): string => peer("sender") ?? "sender";

const answerOf = async <Answer>(running: Running): Promise<Answer> => {
  const { exitCode, stdout, stderr, command } = await running.done;
  if (exitCode !== 0) throw new Error(`${command} ended with ${exitCode}: ${stderr}`);
  return JSON.parse(stdout) as Answer;
};

type Raw = {
  readonly arrived: number;
  readonly marks: Readonly<Record<string, number>>;
  readonly turns: readonly { readonly at: number; readonly mark: number }[];
};

/** The upper six of the eight bits. */
const decoded = (all: Readonly<Record<string, Raw>>): ReadonlyMap<string, Seen> =>
  new Map(
    Object.entries(all).map(([address, { arrived, marks, turns }]) => [
      address,
      {
        arrived,
        marks: new Map(Object.entries(marks).map(([byte, count]) => [Number(byte) >> 2, count])),
        turns: turns.map(({ at, mark }) => ({ at, dscp: mark >> 2 })),
      },
    ]),
  );
