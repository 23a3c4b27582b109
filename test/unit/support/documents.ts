/** The documents of the repository, and what stands in them between fences. */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

export const root = resolve(import.meta.dirname, "../../..");

/** Paths from the root. */
export const documents: readonly string[] = [
  ...readdirSync(root).filter((name) => name.endsWith(".md")),
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

export const textOf = (document: string): string => readFileSync(join(root, document), "utf8");

export interface Fence {
  readonly document: string;
  readonly line: number;
  readonly language: string;
  readonly text: string;
}

/** Without the indentation that a fence in a list has. */
export const fencesOf = (document: string): readonly Fence[] => {
  const text = textOf(document);
  return Array.from(
    text.matchAll(/^( *)```(\w*)\n([\s\S]*?)^\1```$/gm),
    ({ index, 1: indent = "", 2: language = "", 3: body = "" }) => ({
      document,
      line: text.slice(0, index).split("\n").length,
      language,
      text: body.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
    }),
  );
};

export const fences = (language: string): readonly Fence[] =>
  documents.flatMap(fencesOf).filter((fence) => fence.language === language);

/** What a heading is called behind "#" in a link. */
export const anchorsOf = (document: string): ReadonlySet<string> =>
  new Set(
    Array.from(textOf(document).matchAll(/^#+ (.*)$/gm), ([, title = ""]) =>
      title
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, "")
        .replaceAll(" ", "-"),
    ),
  );
