/** Traffic control against what is there: what differs, and the least that mends it. Pure. */
import type { Handler } from "../handler.ts";
import { hasTexts } from "../whole.ts";
import { tcNotes } from "./bypass/notes.ts";
import { blockerOf, tcDelta } from "./delta.ts";
import { tcDrift } from "./drift.ts";
import { filterPlaces } from "./filter-places.ts";
import { foundTc } from "./found.ts";
import { describeTc, keyOf, type TcObject } from "./objects.ts";
import { parseTc, type ObservedDevice } from "./parse.ts";
import { addTc, changeTc, listTc, removeHolders, removeTc, type TcChange } from "./render.ts";

type Seen = readonly ObservedDevice[];

export const trafficControl: Handler<TcObject, Seen> = {
  add: addTc,
  // tc stops at the first line it cannot do and says its number.
  madeBefore: (wanted, stderr) => {
    const failedLine = /Command failed -:(\d+)/.exec(stderr)?.[1];
    return failedLine === undefined ? undefined : wanted.slice(0, Number(failedLine) - 1);
  },
  remove: removeTc,
  removeIfSilent: removeHolders,
  look: (wanted) =>
    devicesOf(wanted).map((dev) => ({
      batch: listTc(dev, filterPlaces(wanted.filter((object) => object.dev === dev))),
      isAnswer: hasQdiscs,
    })),
  parse: (answers, wanted) => devicesOf(wanted).map((dev, at) => parseTc(dev, answers[at] ?? "")),
  drift: tcDrift,
  notes: tcNotes,
  delta: (wanted, seen, made) => {
    const { conflicts, remove, change = [], add } = tcDelta(wanted, seen, made);
    const make = wanted.flatMap((object): readonly TcChange[] => {
      if (add.includes(object)) return [{ verb: "add", object }];
      return change.includes(object) ? [{ verb: "replace", object }] : [];
    });
    const isForeign = (object: TcObject): boolean =>
      object.kind === "clsact"
        ? !add.includes(object) && !made.some(({ kind, dev }) => kind === "clsact" && dev === object.dev)
        : seen.some((device) => device.dev === object.dev && blockerOf(object, device) !== undefined);
    return {
      conflicts,
      undo: undefined,
      make: remove.length + make.length > 0 ? changeTc(remove, make) : undefined,
      // A clsact that stood there before belongs to whoever made it.
      ours: wanted.filter((object) => !isForeign(object)),
      isUntouched: remove.length + change.length === 0 && made.length + add.length >= wanted.length,
    };
  },
  sweep: (wanted, seen) => {
    const there = new Set(
      seen.flatMap(({ dev, objects }) =>
        objects.filter((object) => !("isForeign" in object)).map((object) => `${dev} ${keyOf(object)}`),
      ),
    );
    const left = wanted.filter(
      (object) => object.kind !== "clsact" && there.has(`${object.dev} ${keyOf(object)}`),
    );
    return left.length > 0 ? removeTc(left, "any") : undefined;
  },
  found: (possible, answers) =>
    foundTc(
      possible,
      devicesOf(possible).map((dev, at) => parseTc(dev, answers[at] ?? "")),
    ),
  // A guard is as fast as a guard would be now: a policer that alone held a cap, at its own rate, is not taken for one.
  complete: (recorded, planned) =>
    recorded.kind === "police" &&
    planned.kind === "police" &&
    planned.isGuard === true &&
    planned.rate === recorded.rate
      ? { ...recorded, isGuard: true }
      : recorded,
  describe: describeTc,
  key: (object) => `${object.dev} ${keyOf(object)}`,
  traits: ({ kind, dev }) => ({
    device: dev,
    isShared: kind === "clsact",
    isNamedByPlace: kind === "clsact" || kind === "police" || kind === "redirect",
  }),
  isWhole: (value) => hasTexts(value, ["kind", "dev"]),
};

function devicesOf(objects: readonly TcObject[]): readonly string[] {
  return [...new Set(objects.map(({ dev }) => dev))];
}

/** A hook without a clsact fails its own line, so the exit code does not tell; but a device that was ever up has a qdisc line. */
function hasQdiscs({ stdout }: { readonly stdout: string }): boolean {
  return /^qdisc /m.test(stdout);
}
