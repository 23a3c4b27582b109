/** 000-4, 000-5: what install writes into real conf directories, and that uninstall leaves them as they were. */
import { describe, expect, it } from "vitest";
import { readChain } from "../../../plugin/install/chain/file.ts";
import type { Plan, Seen, Way, Requested } from "../../../plugin/install/chain/model.ts";
import { planChain } from "../../../plugin/install/chain/plan.ts";
import { planRemoval } from "../../../plugin/install/chain/removal.ts";
import { after, cases, contents, seenIn } from "./seen.ts";

const ways: readonly Way[] = ["own", "in-place", "drop-in"];
const requested = (way: Requested["way"], more: Partial<Requested> = {}): Requested => ({
  way,
  network: undefined,
  entry: undefined,
  ...more,
});

describe.each(cases)("in %s", (name) => {
  it.each(ways)("what install writes, %s", async (way) => {
    await expect(shown(planChain(seenIn(name), requested(way)))).toMatchFileSnapshot(
      `../golden/install/${name}.${way}.txt`,
    );
  });

  it.each(ways)("a second install finds nothing to write, %s", (way) => {
    const seen = seenIn(name);
    const first = planChain(seen, requested(way));
    const second = planChain(after(seen, first.changes), requested(way));
    expect(second).toMatchObject({ changes: [], refusal: first.refusal });
  });

  it.each(ways)("uninstall leaves what was there before us, byte by byte, %s", (way) => {
    const seen = withoutUs(seenIn(name));
    const installed = after(seen, planChain(seen, requested(way)).changes);
    const { changes } = planRemoval(installed, undefined);
    expect(contents(after(installed, changes))).toEqual(contents(seen));
  });

  it.each(ways)("pods get the primary's chain, and us once and last, %s", (way) => {
    const seen = seenIn(name);
    const { changes, refusal } = planChain(seen, requested(way));
    const before = firstLoaded(withoutUs(seen));
    const now = firstLoaded(after(seen, changes));
    if (refusal !== undefined || before === undefined || now === undefined) return;
    const types = now.filter((type) => type !== "bandwidth" && type !== "pod-qos");
    expect(types).toEqual(before.filter((type) => type !== "bandwidth" && type !== "pod-qos"));
    expect(now.filter((type) => type === "pod-qos")).toHaveLength(1);
    expect(now.at(-1)).toBe("pod-qos");
  });
});

/** Nothing of our entry is left, which was there in this way. */
const lost = (way: Way) => ({ following: { way, entry: undefined } });

describe("the agent keeps our entry in the way in which it is there", () => {
  const file = "10-flannel.conflist";

  it.each(ways)("%s: nothing to change", (way) => {
    const installed = after(seenIn("flannel"), planChain(seenIn("flannel"), requested(way)).changes);
    expect(planChain(installed, requested("as-it-is"))).toMatchObject({
      changes: [],
      refusal: undefined,
      way,
    });
  });

  it.each(ways)("%s: put back where the primary wrote its file anew", (way) => {
    const { changes } = planChain(seenIn("flannel"), requested("as-it-is", lost(way)));
    expect(changes).toEqual(planChain(seenIn("flannel"), requested(way)).changes);
  });

  it("a drop-in is not measured by a runtime that nobody asked", () => {
    const installed = after(seenIn("flannel"), planChain(seenIn("flannel"), requested("drop-in")).changes);
    const unasked = { ...installed, runtime: undefined };
    expect(planChain(unasked, requested("as-it-is"))).toMatchObject({ changes: [], refusal: undefined });
  });

  it("an install beside it that moves the entry counts from then on", () => {
    const dropIn = after(seenIn("flannel"), planChain(seenIn("flannel"), requested("drop-in")).changes);
    const moved = after(dropIn, planChain(dropIn, requested("own")).changes);
    const plan = planChain(moved, requested("as-it-is", lost("drop-in")));
    expect(plan).toMatchObject({ changes: [], way: "own" });
    expect(moved.dropIns).toEqual([]);
    expect(moved.files.map(({ name }) => name)).toContain(file);
  });

  it("where it is nowhere, a conflist of our own", () => {
    expect(planChain(seenIn("flannel"), requested("as-it-is"))).toMatchObject({ way: "own" });
  });
});

function withoutUs(seen: Seen): Seen {
  return after(seen, planRemoval(seen, undefined).changes);
}

/** The types that a pod meets: of the first file that is not multus', with the network's drop-ins. */
function firstLoaded({ files, dropIns }: Seen): readonly string[] | undefined {
  const names = files.map(({ name }) => name).filter((name) => /\.(conf|conflist|json)$/.test(name));
  const first = names.toSorted().find((name) => !name.includes("multus"));
  const file = files.find(({ name }) => name === first);
  const chain = file === undefined ? "none" : readChain(file);
  if (typeof chain === "string") return undefined;
  const dropped = dropIns.filter(({ name }) => name.startsWith(`${chain.network}/`));
  return [
    ...chain.plugins.map(({ type }) => String(type)),
    ...dropped.map(({ text }) => String((JSON.parse(text ?? "") as { type: string }).type)),
  ];
}

function shown({ changes, notes, refusal }: Plan): string {
  const parts = [
    ...(refusal === undefined ? [] : [`refused: ${refusal}`]),
    ...notes.map((note) => `note: ${note}`),
    ...changes.map(({ file, text }) => (text === undefined ? `--- ${file} goes` : `--- ${file}\n${text}`)),
  ];
  return `${(parts.length === 0 ? ["nothing to write"] : parts).join("\n").replaceAll("\r", "\\r")}\n`;
}
