/** One request over one connection, up to the head of its answer. */
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

/** `body`: JSON, whatever its type says. */
export type Write = Omit<Get, "accept"> & {
  readonly method: "PATCH" | "POST" | "DELETE";
  readonly contentType: string;
  readonly body: string;
};

export type Asked = Get | Write;

export type Line = {
  readonly credentials: Credentials;
  readonly agent: Agent;
  readonly timing: Timing;
  readonly userAgent: string;
};

/** Whatever status it has. The caller reads the body or destroys the answer. */
export async function headOf(asked: Asked, line: Line): Promise<IncomingMessage> {
  try {
    return await attempt(asked, line);
  } catch (error) {
    // The server may close an idle connection just as we take it: that says nothing about the server. What a POST makes it may have made.
    if (error instanceof StaleError && methodOf(asked) !== "POST") return await attempt(asked, line);
    throw error;
  }
}

function attempt(asked: Asked, line: Line): Promise<IncomingMessage> {
  const { timing, agent, credentials } = line;
  return new Promise((resolve, reject) => {
    const request = send({ ...optionsOf(asked, line), agent });
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
    request.once("error", (error) => reject(noAnswer(error, asked, line, request.reusedSocket)));
    request.once("close", stop);
    request.end("body" in asked ? asked.body : undefined);
  });
}

/** For messages: which request. */
export function nameOf(asked: Asked, { server }: Credentials): string {
  return `${methodOf(asked)} ${asked.path} of ${server.host}`;
}

function methodOf(asked: Asked): "GET" | Write["method"] {
  return "method" in asked ? asked.method : "GET";
}

export function optionsOf(asked: Asked, { credentials: { server, tls, headers }, userAgent }: Line): object {
  const { path, query = {}, signal } = asked;
  const search = new URLSearchParams(query).toString();
  // It also takes the brackets off an IPv6 address, which a connection does not want.
  const { hostname, port } = urlToHttpOptions(server);
  return {
    ...tls,
    method: methodOf(asked),
    hostname,
    port: port || 443,
    // A server may stand below a path, as behind a proxy of many clusters.
    path: `${server.pathname.replace(/\/$/, "")}${path}${search === "" ? "" : `?${search}`}`,
    headers: {
      ...headers,
      "User-Agent": userAgent,
      Accept: ("accept" in asked ? asked.accept : undefined) ?? "application/json",
      ...("body" in asked && {
        "Content-Type": asked.contentType,
        "Content-Length": Buffer.byteLength(asked.body),
      }),
    },
    ...(signal === undefined ? {} : { signal }),
  };
}

class StaleError extends NoAnswerError {}

function noAnswer(error: Error, asked: Asked, { credentials }: Line, isReused: boolean): NoAnswerError {
  const code = "code" in error ? error.code : undefined;
  const Kind = isReused && (code === "ECONNRESET" || code === "EPIPE") ? StaleError : NoAnswerError;
  return new Kind(nameOf(asked, credentials), messageOf(error), error);
}
