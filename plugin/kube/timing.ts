/** How long the API server may take, and how long we wait. Milliseconds, but for what the API counts in seconds. */
export type Timing = {
  /** TCP. A lost SYN is sent again after 1 and 3 s. */
  readonly connect: number;
  /** TLS: a server that has just started takes connections before it can talk. client-go waits as long. */
  readonly handshake: number;
  /** Until the head of an answer. The server itself gives a request up after 60 s. */
  readonly answer: number;
  /** Between two pieces of an answer that is not a watch. */
  readonly piece: number;
  /** The server sends a bookmark each minute: after three a watch is dead, whatever TCP says of the connection. */
  readonly silence: number;
  /** A watch asks to be ended after a time in between, so that a thousand nodes do not come back at once. */
  readonly watchSeconds: { readonly least: number; readonly most: number };
  /** What the server may take longer than it was asked for. */
  readonly watchGrace: number;
  /** A watch that ends sooner and brought nothing is a failure. */
  readonly shortWatch: number;
  /** Full jitter: any time up to `first`, then up to twice that, up to `most`. A watch of `good` begins anew. */
  readonly backOff: { readonly first: number; readonly most: number; readonly good: number };
  /** While a resource is missing or refused: after `first`, then twice that, then each `most`. */
  readonly poll: { readonly first: number; readonly most: number };
  /** An empty list where there were objects is asked for again. */
  readonly emptyAgain: number;
  /** A resource that has been missing for so long has no objects. */
  readonly missingIsEmpty: number;
  /** A server whose consistent answers are older than ours for so long was put back from a backup. */
  readonly olderCounts: number;
  /** Kubeconfig, token and certificates are read again. */
  readonly credentials: number;
  /** The longest Retry-After that counts. */
  readonly retryAfterMost: number;
};

export const usual: Timing = {
  connect: 5_000,
  handshake: 10_000,
  answer: 65_000,
  piece: 30_000,
  silence: 180_000,
  watchSeconds: { least: 300, most: 600 },
  watchGrace: 30_000,
  shortWatch: 1_000,
  backOff: { first: 800, most: 30_000, good: 120_000 },
  poll: { first: 1_000, most: 60_000 },
  emptyAgain: 5_000,
  missingIsEmpty: 600_000,
  olderCounts: 600_000,
  credentials: 60_000,
  retryAfterMost: 300_000,
};
