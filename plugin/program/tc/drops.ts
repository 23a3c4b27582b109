/**
 * What limits have dropped, in packets, by what counts it: the queue behind a class, and the action of a policer. Not the class,
 * which hears nothing of what its queue drops later, and not the hook, where others drop as well. Pure.
 */
import { batchText, type Batch } from "../handler.ts";
import { keyOf, type LeafQdisc, type Policer, type TcObject } from "./objects.ts";

/** By the object that counts. */
export type Drops = ReadonlyMap<string, number>;

/** Of a whole namespace the queues, of each policer what stands at its hook. */
export function listDrops(objects: readonly TcObject[]): Batch {
  const questions = policersIn(objects).flatMap(({ dev, hook }) => [
    // tc does not say of which device a filter is: this says where its filters begin.
    `qdisc show dev ${dev}`,
    `filter show dev ${dev} ${hook}`,
  ]);
  return { argv: ["tc", "-s", "-force", "-batch", "-"], input: batchText(["qdisc show", ...questions]) };
}

export function parseDrops(objects: readonly TcObject[], output: string): Drops {
  const first = /^qdisc \S+ \S+ root /m.exec(output)?.index ?? output.length;
  const queues = queueDrops(output.slice(0, first));
  const answers = output
    .slice(first)
    .split(/^qdisc \S+ \S+ root /m)
    .slice(1);
  // A device that is gone has no answer.
  const there = policersIn(objects).filter(({ dev }) => queues.has(dev));
  const policers = there.map(
    (policer, at) => [nameOf(policer), policerDrops(policer, answers[at] ?? "")] as const,
  );
  return new Map([...[...queues.values()].flat(), ...policers]);
}

/** What the limits that are made of these objects have dropped. */
export function dropsOf(objects: readonly TcObject[], drops: Drops): number {
  return countersIn(objects).reduce((sum, object) => sum + (drops.get(nameOf(object)) ?? 0), 0);
}

type Named = readonly [name: string, dropped: number];

/** By device; one without queues of ours is there all the same. */
function queueDrops(output: string): ReadonlyMap<string, readonly Named[]> {
  const lines = output.matchAll(/^qdisc \S+ (\S+) dev (\S+) [^\n]*\n[^\n]*\(dropped (\d+),/gm);
  const devices = new Map<string, readonly Named[]>();
  for (const [, handle = "", dev = "", dropped] of lines) {
    const one: Named = [`${dev} leaf ${handle}`, Number(dropped)];
    devices.set(dev, [...(devices.get(dev) ?? []), one]);
  }
  return devices;
}

function policerDrops({ pref }: Policer, answer: string): number {
  const filter = answer.split(/^filter /m).filter((text) => text.includes(` pref ${pref} `));
  const counts = filter.join("").matchAll(/Action statistics:\s*Sent [^\n]*\(dropped (\d+),/g);
  return [...counts].reduce((sum, [, dropped]) => sum + Number(dropped), 0);
}

type Counter = LeafQdisc | Policer;

function countersIn(objects: readonly TcObject[]): readonly Counter[] {
  return objects.filter((object) => object.kind === "leaf" || object.kind === "police");
}

function policersIn(objects: readonly TcObject[]): readonly Policer[] {
  return countersIn(objects).filter((object) => object.kind === "police");
}

function nameOf(object: Counter): string {
  return `${object.dev} ${keyOf(object)}`;
}
