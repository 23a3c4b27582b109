import { peer } from "../node/paths.ts";
import type { Namespace, Running } from "../node/process.ts";

/**
 * Messages at a steady pace, as of a program that stays below its limit: in a TCP stream, in one UDP send that the kernel
 * cuts (UDP_SEGMENT, as QUIC does), or in a send for each datagram. A Go program of ours, for Node knows no UDP_SEGMENT.
 */
export interface Pace {
  readonly kind: "tcp" | "udp" | "datagrams";
  /** Of a message, or of each datagram. */
  readonly bytes: number;
  readonly everyMs: number;
  readonly count: number;
  /** Datagrams of a message. */
  readonly segments?: number;
}

export interface Sent {
  readonly messages: number;
  /** TCP's own count, or datagrams. */
  readonly segments: number;
  /** Datagrams, or messages of a stream. */
  readonly arrived: number;
  readonly resent: number;
  /** Milliseconds from a message's first byte to the answer to its last. */
  readonly p50: number;
  readonly max: number;
}

/** What such a test needs. */
export const senderNeeds = { plugin: true, peers: ["sender"] } as const;

const PORT = 7000;

/** Answers until it is killed. */
export const listen = (to: Namespace, address: string): Running =>
  to.start(program(), ["listen", withPort(address)], { timeoutMs: 600_000 });

export const send = async (from: Namespace, address: string, pace: Pace): Promise<Sent> => {
  const { kind, bytes, everyMs, count, segments = 1 } = pace;
  const args = [kind, withPort(address), `${bytes}`, `${everyMs}ms`, `${count}`, `${segments}`];
  const { stdout } = await from.exec(program(), args, { timeoutMs: 120_000 });
  return JSON.parse(stdout) as Sent;
};

const withPort = (address: string): string => `${address.includes(":") ? `[${address}]` : address}:${PORT}`;

const program = (): string => peer("sender") ?? "sender";
