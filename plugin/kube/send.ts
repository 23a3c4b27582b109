/** One GET over one connection, up to the head of its answer. This version writes nothing to the API. */
import type { IncomingMessage } from "node:http";
import { request as send, type Agent } from "node:https";
import { urlToHttpOptions } from "node:url";
import { messageOf } from "../errors.ts";
import type { Credentials } from "./credentials.ts";
import { NoAnswerError } from "./errors.ts";
import type { Query } from "./resource.ts";
import type { Timing } from "./timing.ts";

export type Get = {
  /** With the leading slash. */
  readonly path: string;
  readonly query?: Query;
  /** Plain JSON where it is not given. */
  readonly accept?: string;
  readonly signal?: AbortSignal;
};

export type Line = {
  readonly credentials: Credentials;
  readonly agent: Agent;
  readonly timing: Timing;
  readonly userAgent: string;
};

/** Whatever status it has. The caller reads the body or destroys the answer. */
export async function headOf(get: Get, line: Line): Promise<IncomingMessage> {
  try {
    return await attempt(get, line);
  } catch (error) {
    // The server may close an idle connection just as we take it: that says nothing about the server.
    if (error instanceof StaleError) return await attempt(get, line);
    throw error;
  }
}

function attempt(get: Get, line: Line): Promise<IncomingMessage> {
  const { timing, agent, credentials } = line;
  return new Promise((resolve, reject) => {
    const request = send({ ...optionsOf(get, line), agent });
    const limit = (what: string, milliseconds: number): NodeJS.Timeout =>
      setTimeout(
        () => void request.destroy(new Error(`${what} within ${milliseconds / 1000} s`)),
        milliseconds,
      );
    const answer = limit("no answer", timing.answer);
    let connection = limit("no connection", timing.connect);
    const stop = (): void => {
      clearTimeout(connection);
      clearTimeout(answer);
    };
    request.once("socket", (socket) => {
      // A proxy's connection comes when it is ready.
      if (request.reusedSocket || credentials.proxy !== undefined) return clearTimeout(connection);
      socket.once("connect", () => {
        clearTimeout(connection);
        connection = limit("no TLS handshake", timing.handshake);
      });
      socket.once("secureConnect", () => clearTimeout(connection));
    });
    request.once("response", (response) => {
      stop();
      resolve(response);
    });
    request.once("error", (error) => reject(noAnswer(error, get, line, request.reusedSocket)));
    request.once("close", stop);
    request.end();
  });
}

/** For messages: which request. */
export function nameOf({ path }: Get, { server }: Credentials): string {
  return `GET ${path} of ${server.host}`;
}

export function optionsOf(
  { path, query = {}, accept = "application/json", signal }: Get,
  { credentials: { server, tls, headers }, userAgent }: Line,
): object {
  const search = new URLSearchParams(query).toString();
  // It also takes the brackets off an IPv6 address, which a connection does not want.
  const { hostname, port } = urlToHttpOptions(server);
  return {
    ...tls,
    hostname,
    port: port || 443,
    // A server may stand below a path, as behind a proxy of many clusters.
    path: `${server.pathname.replace(/\/$/, "")}${path}${search === "" ? "" : `?${search}`}`,
    headers: {
      ...headers,
      "User-Agent": userAgent,
      Accept: accept,
    },
    ...(signal === undefined ? {} : { signal }),
  };
}

class StaleError extends NoAnswerError {}

function noAnswer(error: Error, get: Get, { credentials }: Line, isReused: boolean): NoAnswerError {
  const code = "code" in error ? error.code : undefined;
  const Kind = isReused && (code === "ECONNRESET" || code === "EPIPE") ? StaleError : NoAnswerError;
  return new Kind(nameOf(get, credentials), messageOf(error), error);
}
