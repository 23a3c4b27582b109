/**
 * `pod-qos show`: this node's attachments and uplinks, by our records and the kernel's counters. Changes nothing.
 * Exit codes: 0 shown and well; 1 there is no such pod, or what it has is not as it should be; 2 wrong arguments.
 */
import { isatty } from "node:tty";
import { messageOf } from "../errors.ts";
import { inspection } from "../report/inspection.ts";
import { podOf } from "../report/names.ts";
import { readAllDrops, readCounters, readNode, type Node, type Reading } from "../report/node.ts";
import { report, type Report } from "../report/report.ts";
import { inspectText } from "./show/inspection.ts";
import { readOptions, type Options } from "./show/options.ts";
import { listText, type Style } from "./show/text.ts";
import { nodeFaults } from "../attachment/uplink/faults.ts";

type Print = (text: string) => boolean;

export async function show(args: readonly string[], print: Print): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) return print(usage) ? 0 : 1;
  const options = readOptions(args);
  if (typeof options === "string") {
    print(`pod-qos show: ${options}`);
    return 2;
  }
  try {
    const { pod } = options;
    if (pod !== undefined && options.watch) {
      print("pod-qos show: --watch is for all pods at once, it takes no name");
      return 2;
    }
    if (pod !== undefined) return await showPod(pod, options, print);
    return await showAll(options, (seen) => listText(seen, style()), print);
  } catch (error) {
    print(`pod-qos show: ${messageOf(error)}`);
    return 1;
  }
}

const usage = `pod-qos show [--all] [--watch] [--interval SECONDS] [--count N] [--json] [--state-dir DIR]
pod-qos show POD [--all] [--json] [--state-dir DIR]
pod-qos uplink show [the same but POD]
pod-qos uplink remove [DEVICE] [--json] [--state-dir DIR]

Shows this node's attachments and the classes of its uplinks: what each may send and receive, and what it does.
POD ("prod/web-1", "web-1", or the beginning of a container's id): every kernel object of one, and its state.
SENDS and RECEIVES are bit/s over half a second; RATE is guaranteed, CEIL the ceiling, "|" in a bar the guarantee.

With --all also pods that have neither limit nor mark nor class: each pod of a network with pod-qos has a record.

The list looks at the uplinks, not at each pod: "show POD" does that, as CHECK would.

Exit codes: 0 what was looked at is well; 1 no such pod, or something is not as it should be; 2 wrong arguments.`;

export function showUplinks(options: Options, print: Print): Promise<number> {
  return showAll(
    { ...options, uplinksOnly: true },
    (seen) =>
      seen.uplinks.length === 0 && seen.unreadable.length === 0
        ? "No conf that a pod came with has an uplink."
        : listText(seen, style()),
    print,
  );
}

/** Rates need two readings: once, half a second apart; watched, one after another. */
async function showAll(options: Options, text: (seen: Report) => string, print: Print): Promise<number> {
  const draw = (seen: Report): boolean =>
    print(frame(options, options.json ? json(seen, options) : text(seen)));
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
    const seen = visible(report(node, before, after, { drops, uplinks }), options);
    if (!draw(seen)) return 1;
    if (!options.watch) return isWell(seen) ? 0 : 1;
    if (frames === options.frames) return 0;
    [node, before] = await again(options, node, after);
  }
}

function isWell({ unreadable, uplinks }: Report): boolean {
  return unreadable.length === 0 && uplinks.every(({ drift }) => drift.length === 0);
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
    print(
      `pod-qos show: no pod ${JSON.stringify(name)} on this node has anything of pod-qos; "pod-qos show" lists those that do`,
    );
    return 1;
  }
  const inspections = await Promise.all(found.map((record) => inspection(options.stateDir, record)));
  const allWell = inspections.every(({ drift }) => drift.length === 0);
  const shown = options.json
    ? JSON.stringify(inspections, null, 2)
    : inspections.map(inspectText).join("\n\n");
  return print(shown) && allWell ? 0 : 1;
}

function visible(seen: Report, { uplinksOnly }: Options): Report {
  return uplinksOnly ? { ...seen, attachments: [] } : seen;
}

function json(seen: Report, { uplinksOnly, watch }: Options): string {
  return JSON.stringify(uplinksOnly ? seen.uplinks : seen, null, watch ? 0 : 2);
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
