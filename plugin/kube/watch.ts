/** One watch, from its request to its end. Throws what a request throws, and NoAnswerError where it is cut. */
import type { IncomingMessage } from "node:http";
import { messageOf } from "../errors.ts";
import type { Connection } from "./connect.ts";
import { decodeLine, type WatchEvent } from "./decode.ts";
import { NoAnswerError, ServerError } from "./errors.ts";
import { splitLines } from "./lines.ts";
import { acceptOf, pathOf, type Resource, watchQuery } from "./resource.ts";

export type Watching = {
  readonly connection: Connection;
  readonly resource: Resource;
  readonly at: string;
  readonly seconds: number;
  readonly signal: AbortSignal;
  readonly onOpen: () => void;
  /** What came in one piece. */
  readonly onEvents: (events: readonly DataEvent[]) => void;
};

/** What is no error. */
export type DataEvent = Exclude<WatchEvent, { readonly kind: "error" }>;

/** `silent`: nothing came for so long that the connection counts as dead. */
export async function watch(watching: Watching): Promise<"ended" | "silent"> {
  const { connection, resource, at, seconds, signal, onOpen } = watching;
  const path = pathOf(resource);
  const query = watchQuery(resource, at, seconds);
  const answer = await connection.stream({ path, query, accept: acceptOf(resource, "watch"), signal });
  const { timing } = connection;
  let end: "ended" | "silent" | undefined;
  const stop = (why: "ended" | "silent"): void => {
    end = why;
    answer.destroy();
  };
  const silence = setTimeout(stop, timing.silence, "silent");
  // The server was asked to end it by now.
  const late = setTimeout(stop, seconds * 1000 + timing.watchGrace, "ended");
  try {
    onOpen();
    await read(answer, watching, () => silence.refresh());
    return "ended";
  } catch (error) {
    if (end !== undefined) return end;
    if (error instanceof ServerError) throw error;
    throw new NoAnswerError(`the watch of ${path}`, messageOf(error), error);
  } finally {
    clearTimeout(silence);
    clearTimeout(late);
    answer.destroy();
  }
}

async function read(
  answer: IncomingMessage,
  { resource, onEvents }: Watching,
  received: () => void,
): Promise<void> {
  const lines = splitLines();
  for await (const piece of answer) {
    received();
    if (!Buffer.isBuffer(piece)) continue;
    const events: DataEvent[] = [];
    try {
      for (const line of lines.push(piece)) if (line !== "") events.push(eventIn(line, resource));
    } finally {
      // What came before a broken line counts.
      if (events.length > 0) onEvents(events);
    }
  }
  if (lines.rest() > 0) throw new Error(`it was cut after ${lines.rest()} bytes of a line`);
}

function eventIn(line: string, resource: Resource): DataEvent {
  const event = decodeLine(line);
  if (event.kind !== "error") return event;
  const { code, retryAfterSeconds, ...status } = event.status;
  const retryAfter = retryAfterSeconds === undefined ? undefined : retryAfterSeconds * 1000;
  throw new ServerError({ request: `the watch of ${pathOf(resource)}`, status: code, ...status, retryAfter });
}
