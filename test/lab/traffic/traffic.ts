export { ping, queueBytes, queues, wireBytes } from "../node/counters.ts";

import { LabError, type Namespace } from "../node/process.ts";

export interface Load {
  readonly from: Namespace;
  readonly to: Namespace;
  /** An address of `to`. */
  readonly address: string;
  /** The load ends by itself after this time. */
  readonly seconds: number;
  readonly udp?: boolean;
  /** The data flows from `to` to `from`. */
  readonly reverse?: boolean;
  /** As iperf3 -b takes it; UDP sends 1M without. */
  readonly bitrate?: string;
  /** TCP streams side by side; default 1. */
  readonly streams?: number;
  /** Bytes; iperf3 -M or, with UDP, the datagram size. */
  readonly segment?: number;
  /** Default: one of the lab's own choice. */
  readonly port?: number;
  /** TCP congestion control of the sender; default: whatever this machine was set to, which may be bbr. */
  readonly congestion?: string;
}

/** All figures but `sentBytes` and `retransmits` are the receiver's: a sender counts what its socket buffered. */
export interface Measurement {
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly bitsPerSecond: number;
  /** Bits per second, second by second. */
  readonly perSecond: readonly number[];
  readonly retransmits: number;
  /** UDP only. */
  readonly lostPercent: number;
  /** UDP only; NaN where the receiver says nothing of it. */
  readonly lostPackets: number;
}

/** One bounded iperf3 run between two namespaces of the lab. Several may run at once. */
export const measure = async (load: Load): Promise<Measurement> => {
  const port = String(load.port ?? (nextPort = nextPort === 5999 ? 5201 : nextPort + 1));
  const timeoutMs = (load.seconds + 25) * 1000;
  const server = load.to.start("iperf3", ["-s", "-1", "-J", "-p", port, "-B", load.address], { timeoutMs });
  try {
    const client = await connect(load, ["-c", load.address, "-p", port, "-J", ...flags(load)], timeoutMs);
    // The server writes its report after the client's last message.
    const report = JSON.parse((await server.done).stdout) as Report;
    return summary(load.reverse === true ? client : report, client);
  } finally {
    server.kill();
  }
};

let nextPort = 5200;

/** The server needs a moment to listen, and to ask it would use up its one shot. */
const connect = async (load: Load, args: readonly string[], timeoutMs: number): Promise<Report> => {
  for (let tries = 0; ; tries += 1) {
    const result = await load.from.exec("iperf3", args, { reject: false, timeoutMs });
    const report = (result.stdout === "" ? {} : JSON.parse(result.stdout)) as Report;
    if (result.exitCode === 0 && report.error === undefined) return report;
    if (tries === 40 || !/refused/.test(report.error ?? "")) throw new LabError(result);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

const flags = (load: Load): readonly string[] => [
  "-t",
  String(load.seconds),
  "--connect-timeout",
  "5000",
  ...(load.udp === true ? ["-u"] : []),
  ...(load.reverse === true ? ["-R"] : []),
  ...(load.bitrate === undefined ? [] : ["-b", load.bitrate]),
  ...(load.streams === undefined ? [] : ["-P", String(load.streams)]),
  ...(load.segment === undefined ? [] : [load.udp === true ? "-l" : "-M", String(load.segment)]),
  ...(load.congestion === undefined ? [] : ["-C", load.congestion]),
];

interface Sum {
  readonly seconds: number;
  readonly bytes: number;
  readonly retransmits?: number;
  readonly lost_percent?: number;
  readonly lost_packets?: number;
}

interface Report {
  readonly error?: string;
  readonly intervals: readonly { readonly sum: Sum }[];
  readonly end: { readonly sum?: Sum; readonly sum_sent?: Sum };
}

const summary = (receiver: Report, client: Report): Measurement => {
  const intervals = receiver.intervals.map(({ sum }) => sum);
  const receivedBytes = intervals.reduce((total, { bytes }) => total + bytes, 0);
  const seconds = intervals.reduce((total, sum) => total + sum.seconds, 0);
  return {
    sentBytes: client.end.sum_sent?.bytes ?? client.end.sum?.bytes ?? 0,
    receivedBytes,
    bitsPerSecond: (receivedBytes * 8) / seconds,
    // The last interval of a receiver is a splinter when the sender stopped just after the full second.
    perSecond: intervals.filter((sum) => sum.seconds >= 0.5).map((sum) => (sum.bytes * 8) / sum.seconds),
    retransmits: client.end.sum_sent?.retransmits ?? 0,
    lostPercent: receiver.end.sum?.lost_percent ?? 0,
    lostPackets: receiver.end.sum?.lost_packets ?? Number.NaN,
  };
};
