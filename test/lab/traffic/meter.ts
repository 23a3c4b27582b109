import type { Namespace } from "../node/process.ts";

/** A device that is read while traffic flows: what its root qdisc let out, or what came in. */
export interface Metered {
  readonly ns: Namespace;
  readonly device: string;
  /** Default: sent. */
  readonly what?: "sent" | "received";
}

export interface Sample {
  /** Seconds on the kernel's clock. */
  readonly at: number;
  /**
   * As the root qdisc counts: with the headers of every segment of a GSO packet, Ethernet header included. A device that
   * received counts such a packet with one header, unless the link before it takes none (`gso_max_segs 1`).
   */
  readonly bytes: number;
}

export interface Meter {
  readonly stop: () => Promise<readonly Sample[]>;
}

/** Reads the counter ten times a second for at most so long. */
export const startMeter = ({ ns, device, what = "sent" }: Metered, seconds: number): Meter => {
  const running = ns.start("sh", ["-ec", SAMPLERS[what], "sh", device, String(seconds * 10)], {
    timeoutMs: (seconds + 30) * 1000,
  });
  return {
    stop: async () => {
      running.kill();
      const { stdout } = await running.done;
      return [...stdout.matchAll(/^([\d.]+) ([\d.]+) (\d+)$/gm)].map(([, before, after, bytes]) => ({
        at: (Number(before) + Number(after)) / 2,
        bytes: Number(bytes),
      }));
    },
  };
};

/**
 * One tc answers all questions, and the shell reads the clock around each: under load in the VM to start a process takes
 * seconds, which would date the counter wrongly. tc forgets nothing between the lines of a batch, so "root" is not asked for
 * but picked from the answer; what else is in it is skipped with the next.
 */
const SENT = `
dir="/run/meter.$$"
mkdir "$dir"
mkfifo "$dir/ask" "$dir/answer"
stdbuf -oL tc -s -batch - <"$dir/ask" >"$dir/answer" &
exec 3>"$dir/ask" 4<"$dir/answer"
rm -r "$dir"
count=0
while [ "$count" -lt "$2" ]; do
  read -r before _ </proc/uptime
  echo "qdisc show dev $1" >&3
  root=no
  while read -r word second line <&4; do
    case "$word $line" in
      "qdisc "*" root "*) root=yes ;;
      "qdisc "*) root=no ;;
      "Sent "*) [ "$root" = no ] || break ;;
    esac
  done
  read -r after _ </proc/uptime
  echo "$before $after $second"
  count=$((count + 1))
  sleep 0.1
done
`;

const RECEIVED = `
count=0
while [ "$count" -lt "$2" ]; do
  read -r before _ </proc/uptime
  read -r bytes <"/sys/class/net/$1/statistics/rx_bytes"
  read -r after _ </proc/uptime
  echo "$before $after $bytes"
  count=$((count + 1))
  sleep 0.1
done
`;

const SAMPLERS = { sent: SENT, received: RECEIVED } as const;

/** Bits per second over so many seconds, from half a second after the first real load on. */
export const rateBetween = (samples: readonly Sample[], seconds: number): number => {
  const start = samples.find(({ bytes }) => bytes > (samples[0]?.bytes ?? 0) + LOAD_BEGINS);
  const from = samples.find(({ at }) => start !== undefined && at >= start.at + 0.5);
  const to = samples.find(({ at }) => from !== undefined && at >= from.at + seconds);
  if (from === undefined || to === undefined) {
    throw new Error(`the load did not last ${seconds} s: ${samples.length} samples`);
  }
  return ((to.bytes - from.bytes) * 8) / (to.at - from.at);
};

/** More than the handshakes of iperf3. */
const LOAD_BEGINS = 10_000;

/** The highest of all stretches of so many seconds, wherever they begin. */
export const highestRate = (samples: readonly Sample[], seconds: number): number => {
  const rates = samples.flatMap((from, at) => {
    const to = samples.slice(at).find((later) => later.at >= from.at + seconds);
    return to === undefined ? [] : [((to.bytes - from.bytes) * 8) / (to.at - from.at)];
  });
  if (rates.length < 10) throw new Error(`only ${rates.length} stretches of ${seconds} s in the samples`);
  return Math.max(...rates);
};
