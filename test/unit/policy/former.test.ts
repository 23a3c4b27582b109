/** Which classes of an uplink are no more, and where they stay for the pods that are in them still. */
import { expect, test } from "vitest";
import { formerClasses, withFormer } from "../../../plugin/policy/uplink/former.ts";
import { validateUplink } from "../../../plugin/policy/uplink/uplink.ts";
import { parseConf } from "../../../plugin/cni/conf.ts";

const uplink = (classes: object) => {
  const conf = parseConf(
    {
      type: "pod-qos",
      uplink: { device: "eth0", rate: "1G", default: "rest", classes: { rest: { rate: "10M" }, ...classes } },
    },
    "podnet",
  );
  if (conf.uplink === undefined) throw new Error("no uplink");
  return validateUplink(conf.uplink);
};
const bulk = { rate: "50M", set: "bulk-pods", mark: "0x1", dscp: 8 };
const names = (classes: readonly { readonly name: string }[]) => classes.map(({ name }) => name);

test.each([
  ["nothing that is there still", { bulk }, undefined, { bulk }, []],
  ["one that is gone", { bulk, other: { rate: "1M" } }, undefined, { other: { rate: "1M" } }, ["bulk"]],
  [
    "one that is another's by now in all but its set, which is the same",
    { bulk },
    undefined,
    { heavy: bulk },
    [],
  ],
  [
    "one whose name and set are others",
    { bulk },
    undefined,
    { heavy: { ...bulk, set: "heavy-pods" } },
    ["bulk"],
  ],
  ["those that were no more already", { bulk }, { old: { rate: "2M" } }, {}, ["bulk", "old"]],
  ["not one that has come back", {}, { bulk }, { bulk }, []],
] as const)("of what was and what is: %s", (_, was, before, is, expected) => {
  const former = before && uplink(before).classes.slice(1);
  expect(names(formerClasses({ uplink: uplink(was), ...(former && { former }) }, uplink(is)))).toEqual(
    expected,
  );
});

test("where nothing was nothing is former", () => {
  expect(formerClasses(undefined, uplink({ bulk }))).toEqual([]);
});

test("a former class is behind all others, and leaves its mark and DSCP to who has them now", () => {
  const [, was] = uplink({ bulk }).classes;
  if (was === undefined) throw new Error("no class");
  const now = uplink({ heavy: { ...bulk, set: "heavy-pods" }, other: { rate: "1M" } });
  const classes = withFormer(now, [was, { ...was, name: "old", mark: undefined, dscp: 9 }]).classes;
  expect(names(classes)).toEqual(["rest", "heavy", "other", "bulk", "old"]);
  expect(classes.map(({ minor }) => minor)).toEqual(["10", "20", "30", "40", "50"]);
  expect(classes.slice(3).map(({ set, mark, dscp }) => [set, mark, dscp])).toEqual([
    ["bulk-pods", undefined, undefined],
    ["bulk-pods", undefined, 9],
  ]);
});
