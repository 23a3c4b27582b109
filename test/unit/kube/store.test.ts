/** What lists and events change. */
import { describe, expect, it } from "vitest";
import type { Item } from "../../../plugin/kube/decode.ts";
import { applied, type Change, type ObjectEvent, replaced, type Store } from "../../../plugin/kube/store.ts";
import { isNewer, isOlder } from "../../../plugin/kube/version.ts";

const item = (key: string, uid: string, version: string): Item => ({
  key,
  uid,
  version,
  object: { key, uid, version },
});
const storeOf = (...all: readonly Item[]): Store => new Map(all.map((one) => [one.key, one]));
const is = (...what: Parameters<typeof item>): ObjectEvent => ({ kind: "is", item: item(...what) });
const gone = (...what: Parameters<typeof item>): ObjectEvent => ({ kind: "gone", item: item(...what) });

const of = (object: object): string => Object.values(object).join(" ");

const said = (changes: readonly Change[]): readonly string[] =>
  changes.map((change) => {
    switch (change.kind) {
      case "added":
        return `added ${of(change.is)}`;
      case "changed":
        return `changed ${of(change.was)} to ${of(change.is)}`;
      case "deleted":
        return `deleted ${of(change.was)}`;
    }
  });

const before = storeOf(item("ns/a", "1", "10"), item("ns/b", "2", "20"));

describe("a list", () => {
  it.each([
    ["the same", [item("ns/a", "1", "10"), item("ns/b", "2", "20")], []],
    [
      "one more",
      [item("ns/a", "1", "10"), item("ns/b", "2", "20"), item("ns/c", "3", "30")],
      ["added ns/c 3 30"],
    ],
    ["one less", [item("ns/b", "2", "20")], ["deleted ns/a 1 10"]],
    ["a new version", [item("ns/a", "1", "15"), item("ns/b", "2", "20")], ["changed ns/a 1 10 to ns/a 1 15"]],
    [
      "another object of the same name",
      [item("ns/a", "9", "15"), item("ns/b", "2", "20")],
      ["deleted ns/a 1 10", "added ns/a 9 15"],
    ],
    ["nothing at all", [], ["deleted ns/a 1 10", "deleted ns/b 2 20"]],
  ])("with %s", (_, items, expected) => {
    const { store, changes } = replaced(before, items);
    expect(said(changes)).toEqual(expected);
    expect([...store.values()]).toEqual(items);
  });
});

describe("events", () => {
  it.each<readonly [string, readonly ObjectEvent[], readonly string[], readonly string[]]>([
    ["made", [is("ns/c", "3", "30")], ["added ns/c 3 30"], ["ns/a", "ns/b", "ns/c"]],
    ["edited", [is("ns/a", "1", "30")], ["changed ns/a 1 10 to ns/a 1 30"], ["ns/a", "ns/b"]],
    ["deleted", [gone("ns/a", "1", "30")], ["deleted ns/a 1 10"], ["ns/b"]],
    [
      "deleted and made again by name",
      [gone("ns/a", "1", "30"), is("ns/a", "9", "31")],
      ["deleted ns/a 1 10", "added ns/a 9 31"],
      ["ns/b", "ns/a"],
    ],
    [
      "made again without a word of the deletion",
      [is("ns/a", "9", "31")],
      ["deleted ns/a 1 10", "added ns/a 9 31"],
      ["ns/a", "ns/b"],
    ],
    ["a deletion of what is not known", [gone("ns/x", "7", "30")], [], ["ns/a", "ns/b"]],
    ["an edit from a server that is behind", [is("ns/a", "1", "12")], [], ["ns/a", "ns/b"]],
    ["a deletion from a server that is behind", [gone("ns/a", "1", "19")], [], ["ns/a", "ns/b"]],
    [
      "an object that was deleted since, from a server that is behind",
      [is("ns/x", "7", "15")],
      [],
      ["ns/a", "ns/b"],
    ],
    [
      "an older event behind a newer one",
      [is("ns/a", "1", "40"), is("ns/b", "2", "39")],
      ["changed ns/a 1 10 to ns/a 1 40"],
      ["ns/a", "ns/b"],
    ],
    ["the same version once more", [is("ns/b", "2", "20")], [], ["ns/a", "ns/b"]],
  ])("%s", (_, events, expected, keys) => {
    const { store, changes } = applied(before, "20", events);
    expect(said(changes)).toEqual(expected);
    expect([...store.keys()].toSorted()).toEqual([...keys].toSorted());
  });

  it("leave the store that was as it was", () => {
    applied(before, "20", [gone("ns/a", "1", "30")]);
    expect(before.size).toBe(2);
  });
});

describe("versions", () => {
  it.each([
    ["9", "10"],
    ["99", "100"],
    ["100", "101"],
    ["", "1"],
    ["18446744073709551614", "18446744073709551615"],
  ])("%s is older than %s", (one, other) => {
    expect([isOlder(one, other), isOlder(other, one), isNewer(other, one)]).toEqual([true, false, true]);
    expect(isOlder(one, one)).toBe(false);
  });
});
