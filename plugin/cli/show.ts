/**
 * `pod-qos show`: this node's attachments and uplinks, by our records and the kernel's counters. Changes nothing.
 */
import { isatty } from "node:tty";
import { command, type Print } from "../command-line/command.ts";
import { UsageError } from "../errors.ts";
import { inspection } from "../report/inspection.ts";
import { podOf } from "../report/names.ts";
import { readAllDrops, readCounters, readNode, type Node, type Reading } from "../report/node.ts";
import { report, type Report } from "../report/report.ts";
import { inspectText } from "./show/inspection.ts";
import { optionsFrom, table, type Options } from "./show/options.ts";
import { listText, type Style } from "./show/text.ts";
import { nodeFaults } from "../attachment/uplink/faults.ts";

export const show = command({
  operand: "POD",
  about: `Shows this node's attachments and the classes of its uplinks: what each may send
and receive, and what it does. The list looks at the uplinks, not at each pod.

POD ("prod/web-1", "web-1" or the beginning of a container's id): every kernel
object of one, and whether each is as it should be, as CHECK would say it.

SENDS and RECEIVES are bit/s over half a second. RATE is guaranteed, CEIL the
ceiling, "|" in a bar the guarantee.`,
  options: table,
  exitCodes: { 0: "what was looked at is well", 1: "no such pod, or something is not as it should be" },
  run: ({ options: given, operand: pod }, print) => {
    const options = optionsFrom(given);
    if (pod !== undefined && options.watch) throw new UsageError("--watch is for all pods: it takes no POD");
    return pod === undefined ? showAll(options, whole, print) : showPod(pod, options, print);
  },
});

export function showUplinks(options: Options, print: Print): Promise<number> {
  return showAll(options, uplinksAlone, print);
}

/** What of a report is shown, and goes into the exit code: for people and for scripts. */
type View = {
  readonly part: (seen: Report) => Report;
  readonly text: (seen: Report) => string;
  readonly json: (seen: Report) => object;
};

const whole: View = {
  part: (seen) => seen,
  text: (seen) => listText(seen, style()),
  json: (seen) => seen,
};

const uplinksAlone: View = {
  part: (seen) => ({ ...seen, attachments: [] }),
  text: (seen) =>
    seen.uplinks.length === 0 && seen.unreadable.length === 0
      ? "No conf that a pod came with has an uplink."
      : listText(seen, style()),
  json: ({ uplinks }) => uplinks,
};

/** Rates need two readings: once, half a second apart; watched, one after another. */
async function showAll(options: Options, { part, text, json }: View, print: Print): Promise<number> {
  const draw = (seen: Report): boolean =>
    print(
      frame(options, options.json ? JSON.stringify(json(seen), null, options.watch ? 0 : 2) : text(seen)),
    );
  let node = readNode(options.stateDir, options.which);
  let before = await readCounters(node);
  for (let frames = 1; ; frames += 1) {
    await pause(options.watch ? options.intervalMs : 500);
    const after = await readCounters(node);
    const drops = await readAllDrops(node, options.watch ? "node" : "pods");
    // Whoever watches sees the figures; looking at every object each second would be what they show.
    const uplinks = await Promise.all(
      node.uplinks.map((uplink) =>
        options.watch ? undefined : nodeFaults(options.stateDir, { uplink, former: uplink.former }),
      ),
    );
    const seen = part(report(node, before, after, { drops, uplinks }));
    if (!draw(seen)) return 1;
    if (!options.watch) return isWell(seen) ? 0 : 1;
    if (frames === options.frames) return 0;
    [node, before] = await again(options, node, after);
  }
}

function isWell({ attachments, unreadable, uplinks }: Report): boolean {
  return (
    unreadable.length === 0 &&
    attachments.every(({ gone, step }) => gone === null && step.state !== "failed") &&
    uplinks.every(({ drift }) => drift.length === 0)
  );
}

/** Pods come and go while one watches: readings belong to the attachments that they were made of. */
async function again(options: Options, node: Node, reading: Reading): Promise<readonly [Node, Reading]> {
  const current = readNode(options.stateDir, options.which);
  const isSame = JSON.stringify(current) === JSON.stringify(node);
  return isSame ? [node, reading] : [current, await readCounters(current)];
}

async function showPod(name: string, options: Options, print: Print): Promise<number> {
  const found = readNode(options.stateDir, options.which).attachments.filter(
    ({ pod, identity }) =>
      name !== "" &&
      (podOf(pod) === name || podOf(pod).endsWith(`/${name}`) || identity.containerId.startsWith(name)),
  );
  if (found.length === 0) {
    throw new Error(
      `no pod ${JSON.stringify(name)} on this node has anything of pod-qos; "pod-qos show" lists those that do`,
    );
  }
  const inspections = await Promise.all(found.map((record) => inspection(options.stateDir, record)));
  const allWell = inspections.every(({ drift, step }) => drift.length === 0 && step.state !== "failed");
  const shown = options.json
    ? JSON.stringify(inspections, null, 2)
    : inspections.map(inspectText).join("\n\n");
  return print(shown) && allWell ? 0 : 1;
}

/** A screen is drawn over; in a file or a pipe one frame follows the other. */
function frame({ watch, json: isJson }: Options, text: string): string {
  if (!watch || isJson) return text;
  return isatty(1) ? `\u001B[H\u001B[J${text}` : `${text}\n`;
}

function style(): Style {
  const colour = isatty(1) && (process.env["NO_COLOR"] ?? "") === "";
  return { colour, width: isatty(1) ? process.stdout.columns : 80 };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
