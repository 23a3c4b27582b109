/** Text that tc itself printed, on both kernels: fixtures/tc/capture.ts put the objects there and asked for them. */
import { describe, expect, it } from "vitest";
import { keyOf } from "../../../plugin/program/tc/objects.ts";
import { tcDrift } from "../../../plugin/program/tc/drift.ts";
import { parseTc } from "../../../plugin/program/tc/parse.ts";
import type { TcObject } from "../../../plugin/program/tc/objects.ts";
import { cases, dev, type TcCase } from "../fixtures/tc/cases.ts";
import { fixture } from "../support/fixture.ts";
import { printTc } from "../support/tc-print.ts";

const captured = ({ kernel, name }: TcCase): string => fixture("fixtures", "tc", kernel, `${name}.txt`);
const ours = cases.filter(({ foreign }) => foreign === undefined);
const exact = /fq_codel-20M$|both-hooks|u32|redirect|shape-and-guard|mtu-9000/;

describe("what tc prints of our objects", () => {
  it.each(cases.filter(({ objects }) => objects.length > 0))(
    "$kernel/$name is read back without drift",
    (each) => {
      const device = parseTc(dev, captured(each));
      expect(device.exists).toBe(true);
      expect(tcDrift(each.objects, [device])).toEqual([]);
    },
  );

  it.each(ours)("$kernel/$name holds these objects and no others", (each) => {
    expect(keys(parseTc(dev, captured(each)).objects)).toEqual(keys(each.objects));
  });

  it.each(ours.filter(({ name }) => exact.test(name)))(
    "$kernel/$name is read back exactly where nothing is rounded",
    (each) => {
      expect(sorted(parseTc(dev, captured(each)).objects)).toEqual(sorted(each.objects).map(asPrinted));
    },
  );

  it.each(ours)("$kernel/$name is what the printer of these tests prints", (each) => {
    expect(withoutChance(printTc(each.objects, "6.1"))).toBe(withoutChance(captured(each)));
  });
});

function keys(objects: readonly TcObject[]): readonly string[] {
  return sorted(objects).map(keyOf);
}

function sorted(objects: readonly TcObject[]): readonly TcObject[] {
  return objects.toSorted((a, b) => keyOf(a).localeCompare(keyOf(b)));
}

/** tc rounds CoDel's times to three digits: 5.409 ms is shown as 5.41 ms. */
function asPrinted(object: TcObject): TcObject {
  if (object.kind !== "leaf" || object.queue.kind !== "fq_codel") return object;
  const { queue } = object;
  const targetMicros = Number(queue.targetMicros.toPrecision(3));
  const intervalMicros = Number(queue.intervalMicros.toPrecision(3));
  return { ...object, queue: { ...queue, targetMicros, intervalMicros } };
}

/** Reference counts, action numbers and the classes of a leaf's own flows depend on what else there is. */
function withoutChance(text: string): string {
  return text
    .split("\n")
    .filter((line) => !/^class (?!htb)/.test(line))
    .join("\n")
    .replaceAll(/refcnt \d+/g, "refcnt N")
    .replaceAll(/police 0x[0-9a-f]+/g, "police 0xN");
}
