/** An archive that tar itself reads, and whose bytes follow from its entries alone. */
import { Buffer } from "node:buffer";
import { execaSync } from "execa";
import { expect, it } from "vitest";
import { type Entry, tarOf } from "../../../scripts/image/tar.ts";

const file = (path: string, text: string, mode = 0o644): Entry => ({
  path,
  kind: "file",
  content: Buffer.from(text),
  mode,
});

const entries: readonly Entry[] = [
  file("usr/bin/pod-qos", "x".repeat(513), 0o755),
  { path: "bin", kind: "link", target: "usr/bin" },
  { path: "host", kind: "directory" },
  file("etc/empty", ""),
];

const listing = (archive: Buffer): readonly string[] => {
  const args = ["--list", "--verbose", "--numeric-owner", "--utc", "--full-time", "--file=-"];
  return execaSync("tar", args, { input: archive, env: { LC_ALL: "C" } })
    .stdout.split("\n")
    .map((line) => line.replaceAll(/ +/g, " "));
};

it("has each entry as root's, of the moment that is given, below directories", () => {
  const moment = "1970-01-01 00:01:40";
  expect(listing(tarOf(entries, 100))).toEqual([
    `lrwxrwxrwx 0/0 0 ${moment} bin -> usr/bin`,
    `drwxr-xr-x 0/0 0 ${moment} etc/`,
    `-rw-r--r-- 0/0 0 ${moment} etc/empty`,
    `drwxr-xr-x 0/0 0 ${moment} host/`,
    `drwxr-xr-x 0/0 0 ${moment} usr/`,
    `drwxr-xr-x 0/0 0 ${moment} usr/bin/`,
    `-rwxr-xr-x 0/0 513 ${moment} usr/bin/pod-qos`,
  ]);
});

it("is the same whatever the order of its entries", () => {
  expect(tarOf(entries.toReversed(), 0).equals(tarOf(entries, 0))).toBe(true);
});

it("keeps what is in a file", () => {
  const { stdout } = execaSync("tar", ["--extract", "--to-stdout", "--file=-", "usr/bin/pod-qos"], {
    input: tarOf(entries, 0),
  });
  expect(stdout).toBe("x".repeat(513));
});

it.each([
  ["a path that is there twice", [file("a", ""), file("a", "")], "a would be in the archive twice"],
  ["a path that has no room", [file("a".repeat(101), "")], "is too long a path for this archive"],
])("refuses %s", (_, refused, message) => {
  expect(() => tarOf(refused, 0)).toThrow(message);
});
