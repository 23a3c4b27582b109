/** The body of an answer. */
import type { IncomingMessage } from "node:http";
import { messageOf } from "../errors.ts";
import { decodeStatus } from "./decode.ts";
import { NoAnswerError, type Refusal } from "./errors.ts";
import { splitItems } from "./items.ts";
import type { Timing } from "./timing.ts";

/** Throws NoAnswerError where it is cut, too long, stops coming or is no JSON. */
export async function readJson(answer: IncomingMessage, request: string, timing: Timing): Promise<unknown> {
  const text = await readText(answer, request, timing);
  return orNoAnswer(request, "JSON", () => JSON.parse(text) as unknown);
}

/** The same of a list, whose items `take` gets, one after the other; what is around them comes back. */
export async function readList(
  answer: IncomingMessage,
  request: string,
  timing: Timing,
  take: (item: unknown) => void,
): Promise<unknown> {
  const { push, rest } = splitItems((item) => take(JSON.parse(item)));
  await eachPiece(answer, request, timing, (piece) => orNoAnswer(request, "list", () => push(piece)));
  return orNoAnswer(request, "JSON", () => JSON.parse(rest()) as unknown);
}

function orNoAnswer<Value>(request: string, what: string, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    throw new NoAnswerError(request, `the answer is no ${what}: ${messageOf(error)}`, error);
  }
}

/** The server's refusal, in whichever form it came. */
export async function refusalOf(answer: IncomingMessage, request: string, timing: Timing): Promise<Refusal> {
  const text = await readText(answer, request, timing).catch(() => "");
  const { reason, message, retryAfterSeconds, isAhead } = decodeStatus(parsed(text));
  const { statusCode = 0, headers } = answer;
  return {
    request,
    status: statusCode,
    reason,
    message: message === "" ? shortened(text) : message,
    retryAfter: retryAfterOf(headers["retry-after"], Date.now()) ?? milliseconds(retryAfterSeconds),
    isAhead,
  };
}

/** Seconds or a date. */
export function retryAfterOf(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const after = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(after) ? Math.max(0, after) : undefined;
}

async function readText(answer: IncomingMessage, request: string, timing: Timing): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  await eachPiece(answer, request, timing, (piece) => {
    length += piece.length;
    if (length > MOST) throw new NoAnswerError(request, `the answer is longer than ${MOST / 2 ** 20} MiB`);
    pieces.push(piece);
  });
  return Buffer.concat(pieces, length).toString("utf8");
}

/** Throws NoAnswerError where the answer is cut or stops coming, and what `take` throws. */
async function eachPiece(
  answer: IncomingMessage,
  request: string,
  timing: Timing,
  take: (piece: Buffer) => void,
): Promise<void> {
  const late = setTimeout(
    () => answer.destroy(new Error(`nothing more within ${timing.piece / 1000} s`)),
    timing.piece,
  );
  try {
    for await (const piece of answer) {
      late.refresh();
      if (Buffer.isBuffer(piece)) take(piece);
    }
  } catch (error) {
    if (error instanceof NoAnswerError) throw error;
    throw new NoAnswerError(request, `the answer was cut: ${messageOf(error)}`, error);
  } finally {
    clearTimeout(late);
  }
}

/** V8 has no string of 512 MiB, and the agent is to live in 130 MB. */
const MOST = 256 * 2 ** 20;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function shortened(text: string): string {
  const line = text.trim().replaceAll(/\s+/g, " ");
  return line.length > 200 ? `${line.slice(0, 200)}…` : line;
}

function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000;
}
