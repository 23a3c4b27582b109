/** Paths of a node whose root is a directory of ours: links lead where they lead on the node. */
import { lstatSync, readFileSync, readlinkSync } from "node:fs";

/** Where `path`, absolute on the node, is for us, every link in it followed. What is not there stays as it is written. */
export function onNode(root: string, path: string): string {
  const prefix = root === "/" ? "" : root;
  let rest = path.split("/").filter(isStep);
  let done: readonly string[] = [];
  for (let links = 0; rest.length > 0 && links < 40;) {
    const [step = "", ...more] = rest;
    const target = step === ".." ? undefined : linkAt(`${prefix}/${[...done, step].join("/")}`);
    if (target === undefined) {
      done = step === ".." ? done.slice(0, -1) : [...done, step];
      rest = more;
      continue;
    }
    links += 1;
    if (target.startsWith("/")) done = [];
    rest = [...target.split("/").filter(isStep), ...more];
  }
  return `${prefix}/${[...done, ...rest].join("/")}`;
}

/** "" where it cannot be read. */
export function textOnNode(root: string, path: string): string {
  try {
    return readFileSync(onNode(root, path), "utf8");
  } catch {
    return "";
  }
}

function isStep(step: string): boolean {
  return step !== "" && step !== ".";
}

function linkAt(path: string): string | undefined {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : undefined;
  } catch {
    return undefined;
  }
}
