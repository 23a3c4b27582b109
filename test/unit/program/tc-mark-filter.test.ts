/** The filter that takes a packet's mark for its class, as tc printed it. */
import { expect, it } from "vitest";
import { tcDrift } from "../../../plugin/program/tc/drift.ts";
import { removeTc } from "../../../plugin/program/tc/render.ts";
import { parseTc } from "../../../plugin/program/tc/parse.ts";
import { cases, dev } from "../fixtures/tc/cases.ts";
import { fixture } from "../support/fixture.ts";

const printed = fixture("fixtures", "tc", "small", "limits-by-mark.txt");
const wanted = cases.find(({ name }) => name === "limits-by-mark")?.objects ?? [];
const name = "filter by mark pref 9 of qdisc 905: on eth0";

it.each([
  ["as it was made", printed, []],
  ["gone", printed.replace(/^filter parent .*\n/gm, ""), [`${name} is missing`]],
  [
    "with another program",
    printed.replace("22 0 0 0'", "6 0 0 0'"),
    [`${name} is missing`, "root qdisc htb 905: on eth0 has a filter that is not ours"],
  ],
  [
    "beside another filter",
    `${printed}filter parent 905: protocol all pref 10 u32 chain 0 fh 800::800 flowid 905:1\n`,
    ["root qdisc htb 905: on eth0 has a filter that is not ours"],
  ],
])("%s", (_, text, sentences) => {
  expect(tcDrift(wanted, [parseTc(dev, text)])).toEqual(
    sentences.map((sentence) => expect.stringContaining(sentence) as string),
  );
});

it("is too much where nothing asks for it", () => {
  const others = wanted.filter(({ kind }) => kind !== "mark");
  expect(tcDrift(others, [parseTc(dev, printed)])).toEqual([`${name} is there, though nothing asks for it`]);
});

it("is removed alone where its root stays, and with its root where that goes", () => {
  const alone = wanted.filter(({ kind }) => kind === "mark");
  expect(removeTc(alone).input).toBe("filter del dev eth0 parent 905: pref 9\n");
  expect(removeTc(wanted).input).toBe("qdisc del dev eth0 root handle 905:\n");
});
