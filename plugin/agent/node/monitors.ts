/** What the kernel reports of the node's links and qdiscs: on which device something changed. */
import { listen } from "../../kernel/exec.ts";
import type { Log } from "../../log.ts";

export type KernelEvent = {
  readonly device: string;
  readonly what: "link gone" | "traffic control";
};

export type Monitoring = {
  readonly heard: (event: KernelEvent) => void;
  readonly restarted: (monitor: string) => void;
  readonly log: Log;
  readonly signal: AbortSignal;
};

export function startMonitors(monitoring: Monitoring): void {
  for (const { argv, eventIn } of monitors) keep(argv, eventIn, monitoring, 1_000);
}

type Monitor = {
  readonly argv: readonly string[];
  readonly eventIn: (line: string) => KernelEvent | undefined;
};

const monitors: readonly Monitor[] = [
  { argv: ["tc", "monitor"], eventIn: ofTrafficControl },
  { argv: ["ip", "monitor", "link"], eventIn: ofLinks },
];

const longestWaitMs = 300_000;

/** Without a monitor only the round finds drift: later, but all of it. */
function keep(
  argv: readonly string[],
  eventIn: Monitor["eventIn"],
  monitoring: Monitoring,
  waitMs: number,
): void {
  const { heard, restarted, log, signal } = monitoring;
  if (signal.aborted) return;
  const name = argv.join(" ");
  const began = performance.now();
  const line = (text: string): void => {
    const event = eventIn(text);
    if (event !== undefined) heard(event);
  };
  const again = (): void => {
    // One that ran for a minute is not failing again and again.
    const wait = performance.now() - began > 60_000 ? 1_000 : waitMs;
    if (signal.aborted) return;
    log(
      "warn",
      `${name} ended: it is started again in ${wait / 1000} s; until then only the round finds drift`,
    );
    restarted(name);
    const timer = setTimeout(() => keep(argv, eventIn, monitoring, Math.min(wait * 2, longestWaitMs)), wait);
    signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  };
  const child = listen(argv, line, again);
  if (child === undefined) log("warn", `${name}: there is no such tool: only the round finds drift`);
  else signal.addEventListener("abort", child.stop, { once: true });
}

/** "deleted qdisc htb 905: dev veth1 root ..." or, of one that was made or changed, without the first word. */
export function ofTrafficControl(line: string): KernelEvent | undefined {
  const [, device] = /^(?:deleted )?(?:qdisc|class|filter) .*?\bdev (\S+)/.exec(line) ?? [];
  return device === undefined ? undefined : { device, what: "traffic control" };
}

/** "Deleted 5: veth1@if2: <...> ..." */
export function ofLinks(line: string): KernelEvent | undefined {
  const [, device] = /^Deleted \d+: ([^:@\s]+)/.exec(line) ?? [];
  return device === undefined ? undefined : { device, what: "link gone" };
}
