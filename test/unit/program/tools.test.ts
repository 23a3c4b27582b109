/** "A fifth tool is a folder and a line" is true for as long as nobody but a tool's own folder asks which tool something is of. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { handlers } from "../../../plugin/program/tools.ts";
import { root } from "../support/documents.ts";

const names = Object.keys(handlers).join("|");
const question = new RegExp(String.raw`\btool [!=]== |[!=]== "(${names})"|\bcase "(${names})"`);

const ownFolder = new RegExp(`^program/(${names})/`);

const files = readdirSync(join(root, "plugin"), { recursive: true, encoding: "utf8" }).filter(
  (path) => path.endsWith(".ts") && !ownFolder.test(path),
);

it("asks for a tool by name nowhere outside that tool's folder", () => {
  const asked = files.flatMap((path) =>
    readFileSync(join(root, "plugin", path), "utf8")
      .split("\n")
      .flatMap((line, at) => (question.test(line) ? [`${path}:${at + 1}: ${line.trim()}`] : [])),
  );
  expect(files.length).toBeGreaterThan(100);
  expect(asked).toEqual([]);
});

it.each(['if (program.tool !== "tc") return 0;', "({ tool }) => tool === other.tool", 'case "ipset":'])(
  "would find %s",
  (line) => expect(line).toMatch(question),
);
