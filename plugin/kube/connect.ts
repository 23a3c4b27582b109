/**
 * A connection to the API server. Requests share an agent that keeps connections open; credentials are read again each
 * minute, and at once when the server does not know them any more (401), which is how a rotated token shows.
 */
import type { IncomingMessage } from "node:http";
import { Agent } from "node:https";
import {
  type Credentials,
  credentialsFrom,
  type CredentialsSource,
  type ReadCredentials,
} from "./credentials.ts";
import { ServerError } from "./errors.ts";
import { readJson, readList, refusalOf } from "./body.ts";
import { type Asked, type Get, headOf, nameOf, type Write } from "./send.ts";
import { type Timing, usual } from "./timing.ts";

declare const __VERSION__: string;

export type Connection = {
  readonly timing: Timing;
  /** Where the server is, for messages. */
  readonly server: () => string;
  /** The body of a success. Throws ServerError, NoAnswerError, CredentialsError. */
  readonly get: (get: Get) => Promise<unknown>;
  /** The same of a list, whose items `take` gets, one after the other. */
  readonly list: (get: Get, take: (item: unknown) => void) => Promise<unknown>;
  /** The same for what changes something. */
  readonly write: (write: Write) => Promise<unknown>;
  /** A success whose body goes on. The caller reads it or destroys it. */
  readonly stream: (get: Get) => Promise<IncomingMessage>;
  /** How many good answers there have been. */
  readonly answers: () => number;
  /** Calls at each good answer. Returns what ends that. */
  readonly whenAnswered: (call: () => void) => () => void;
  /** Ends every request and watch. */
  readonly close: () => void;
};

export type ConnectOptions = CredentialsSource & { readonly timing?: Timing };

export async function connect({ timing = usual, ...place }: ConnectOptions): Promise<Connection> {
  const credentials = keep(await credentialsFrom(place), timing);
  const waiting = new Set<() => void>();
  let answers = 0;
  await credentials.current();

  const exchange = async (asked: Asked): Promise<IncomingMessage> => {
    const answer = await authorized(asked);
    answers += 1;
    for (const call of waiting) call();
    return answer;
  };

  const authorized = async (asked: Asked): Promise<IncomingMessage> => {
    const used = await credentials.current();
    const answer = await headOf(asked, { ...used, timing, userAgent });
    if (answer.statusCode !== 401) return await successful(answer, asked, used.credentials);
    const fresh = await credentials.anew(used);
    if (fresh === used) return await successful(answer, asked, used.credentials);
    answer.destroy();
    return await successful(await headOf(asked, { ...fresh, timing, userAgent }), asked, fresh.credentials);
  };

  const successful = async (
    answer: IncomingMessage,
    asked: Asked,
    by: Credentials,
  ): Promise<IncomingMessage> => {
    const { statusCode = 0 } = answer;
    if (statusCode >= 200 && statusCode < 300) return answer;
    throw new ServerError(await refusalOf(answer, nameOf(asked, by), timing));
  };

  const body = async (asked: Asked): Promise<unknown> =>
    await readJson(await exchange(asked), nameOf(asked, credentials.last()), timing);

  return {
    timing,
    server: () => credentials.last().server.href,
    get: body,
    list: async (get, take) =>
      await readList(await exchange(get), nameOf(get, credentials.last()), timing, take),
    write: body,
    stream: exchange,
    answers: () => answers,
    whenAnswered: (call) => {
      waiting.add(call);
      return () => void waiting.delete(call);
    },
    close: credentials.close,
  };
}

type Used = { readonly credentials: Credentials; readonly agent: Agent };

/** The credentials in use, with the agent that has connections made with them. */
function keep(read: ReadCredentials, timing: Timing) {
  let used: Used | undefined;
  let readAt = 0;
  let reading: Promise<Used> | undefined;
  const agents = new Set<Agent>();

  const refresh = async (): Promise<Used> => {
    const credentials = await read();
    readAt = performance.now();
    if (used !== undefined && isSame(used.credentials, credentials)) return used;
    const agent =
      used !== undefined && isSameLine(used.credentials, credentials) ? used.agent : agentOf(credentials);
    agents.add(agent);
    used = { credentials, agent };
    return used;
  };
  /** Callers share one read of the files. */
  const once = (): Promise<Used> => (reading ??= refresh().finally(() => (reading = undefined)));

  return {
    current: async (): Promise<Used> => {
      if (used !== undefined && performance.now() - readAt < timing.credentials) return used;
      const before = used;
      // The former ones may still be good; if they are not, the server answers 401.
      return before === undefined ? await once() : await once().catch(() => before);
    },
    /** The same value where nothing is new. */
    anew: async (refused: Used): Promise<Used> =>
      used !== undefined && used !== refused ? used : await once(),
    last: (): Credentials => {
      if (used === undefined) throw new Error("not connected yet");
      return used.credentials;
    },
    close: (): void => {
      for (const agent of agents) agent.destroy();
    },
  };
}

/** Connections that nobody uses are closed after half a minute: one that has been idle for long may be dead. */
function agentOf({ proxy }: Credentials): Agent {
  return proxy ?? new Agent({ keepAlive: true, keepAliveMsecs: 30_000, timeout: 30_000 });
}

function isSame(one: Credentials, other: Credentials): boolean {
  return isSameLine(one, other) && JSON.stringify(one.headers) === JSON.stringify(other.headers);
}

function isSameLine(one: Credentials, other: Credentials): boolean {
  return one.server.href === other.server.href && JSON.stringify(one.tls) === JSON.stringify(other.tls);
}

const userAgent = `pod-qos/${typeof __VERSION__ === "string" ? __VERSION__ : "source"}`;
