/** Whether the demo showed what it promises. */
import { createHash } from "node:crypto";
import type { Sample } from "./bars.ts";
import type { LiveRun } from "./live-act.ts";
import { MARKS, type Mark } from "./live-lines.ts";
import { paint, wrap } from "./paint.ts";
import type { Phase } from "./svg.ts";
import type { Timeline } from "./uplink-act.ts";

/** Both dumps in full: links, qdiscs, classes, filters, iptables, nft, ipset, the plugin's files, namespaces. */
export const compare = (before: string, after: string): boolean => {
  console.log(wrap("links, qdiscs, filters, iptables, ipset, files, namespaces of the node:"));
  for (const [when, text] of Object.entries({ "before ADD": before, "after DEL ": after })) {
    const sum = createHash("sha256").update(text).digest("hex").slice(0, 16);
    console.log(`    ${when}  ${text.split("\n").length} lines  sha256 ${sum}`);
  }
  if (before === after) {
    console.log(paint("good", "  the same, to the byte"));
    return true;
  }
  const known = new Set(before.split("\n"));
  const left = after.split("\n").filter((line) => !known.has(line));
  console.log(paint("bad", `  NOT the same; new lines:\n${left.map((line) => `    ${line}`).join("\n")}`));
  return false;
};

/** The last words; a demo that did not show what it promises fails. */
export const verdict = (clean: boolean, phases: readonly Phase[]): void => {
  const held = phases.every(({ cap, samples }) => cap === undefined || holds(samples, cap));
  console.log("");
  if (clean && held) {
    console.log(paint("good", "Held from the first second on, and gone without a trace."));
    return;
  }
  console.log(paint("bad", held ? "DEL left something behind." : "The cap was not held."));
  process.exitCode = 1;
};

/** Each part without its first second, in which TCP finds its rate. */
export const uplinkVerdict = (
  { shares, userFrom, userTo }: Timeline,
  link: { readonly rate: number; readonly user: number; readonly bulk: number },
): void => {
  const mean = (from: number, to: number, part: "user" | "bulk"): number => {
    const figures = shares.slice(from + 1, to).map((share) => share[part]);
    return figures.reduce((total, figure) => total + figure, 0) / figures.length;
  };
  const borrowed = mean(0, userFrom, "bulk") > 0.9 * link.rate;
  const yielded =
    mean(userFrom, userTo, "user") > 0.9 * link.user && mean(userFrom, userTo, "bulk") < 1.2 * link.bulk;
  const climbed = mean(userTo, shares.length, "bulk") > 0.9 * link.rate;
  console.log("");
  if (borrowed && yielded && climbed) {
    console.log(paint("good", "Idle bandwidth is lent, and given back when its owner comes."));
    return;
  }
  const missed = [
    ...(borrowed ? [] : ["borrow"]),
    ...(yielded ? [] : ["yield"]),
    ...(climbed ? [] : ["climb back"]),
  ];
  console.log(paint("bad", `Bulk did not ${missed.join(", nor ")}.`));
  process.exitCode = 1;
};

export const liveVerdict = (run: LiveRun, editsAfter: readonly number[]): void => {
  const faults = liveFaults(run, editsAfter);
  console.log("");
  if (faults.length === 0) {
    console.log(
      paint("good", `Each edit reached the running pod, and of ${run.sent} packets none was lost.`),
    );
    return;
  }
  console.log(paint("bad", `Not as promised: ${faults.join("; ")}.`));
  process.exitCode = 1;
};

/** Each edit is in force in every second but the one in which it was made, and nothing is lost on the way. */
export const liveFaults = (
  { samples, lost, sent }: LiveRun,
  editsAfter: readonly number[],
): readonly string[] => {
  const [first = 0, second = 0, third = 0] = editsAfter;
  const hasAlone = (from: number, to: number, mark: Mark): boolean =>
    samples
      .slice(from, to)
      .every(({ marks }) => MARKS.every((each) => (each === mark ? marks[each] > 0 : marks[each] === 0)));
  const isWithin = samples.slice(third + 1).every(({ toPod, cap }) => toPod <= cap * 1.1);
  const promises: readonly (readonly [boolean, string])[] = [
    [lost === 0, `${lost} of ${sent} packets were lost`],
    [samples.every(({ marks }) => marks.other === 0), "packets had a mark that nobody asked for"],
    [hasAlone(first + 1, second, "EF"), "the EgressQoS did not reach the pod within a second"],
    [hasAlone(second + 1, samples.length, "AF11"), "the second edit did not reach the pod within a second"],
    [isWithin, "the new cap did not hold after a second"],
  ];
  return promises.filter(([isKept]) => !isKept).map(([, fault]) => fault);
};

/** A single second may look too fast because the one before was read late: the whole is judged strictly. */
const holds = (samples: readonly Sample[], cap: number): boolean =>
  (["fromPod", "toPod"] as const).every((direction) => {
    const figures = samples.map((sample) => sample[direction]);
    const mean = figures.reduce((total, figure) => total + figure, 0) / figures.length;
    return mean <= cap * 1.03 && figures.every((figure) => figure <= cap * 1.15);
  });
