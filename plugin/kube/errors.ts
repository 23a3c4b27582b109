/** How a request can fail. */

/** The server answered with a failure. */
export class ServerError extends Error {
  readonly status: number;
  /** One word of the API: Expired, Forbidden, NotFound … "" where the answer was not the API's. */
  readonly reason: string;
  /** Milliseconds. */
  readonly retryAfter: number | undefined;
  /** The version that was asked for is one that the server does not have yet. */
  readonly isAhead: boolean;

  constructor({ request, status, reason, message, retryAfter, isAhead }: Refusal) {
    super(`${request}: ${status}${reason === "" ? "" : ` ${reason}`}${message === "" ? "" : `: ${message}`}`);
    this.name = "ServerError";
    this.status = status;
    this.reason = reason;
    this.retryAfter = retryAfter;
    this.isAhead = isAhead;
  }

  /** By name: in the executable each part that is loaded on its own has a copy of this class. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === "ServerError";
  }
}

export type Refusal = {
  /** Method, path and server. */
  readonly request: string;
  readonly status: number;
  readonly reason: string;
  readonly message: string;
  readonly retryAfter?: number | undefined;
  readonly isAhead: boolean;
};

/** There was no answer, or none that can be used: the connection, a time limit, a cut or broken body. */
export class NoAnswerError extends Error {
  constructor(request: string, why: string, cause?: unknown) {
    super(`${request}: ${why}`, { cause });
    this.name = "NoAnswerError";
  }
}

/** Kubeconfig, token or certificate: what is wrong with them, and what to do. */
export class CredentialsError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "CredentialsError";
  }
}
