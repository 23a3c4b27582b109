/** The conf directory as a value. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { CniError, ErrorCode, messageOf } from "../../errors.ts";
import type { ConfFile } from "../chain/file.ts";
import type { Runtime, Seen } from "../chain/model.ts";
import { onNode } from "../../runtime/paths.ts";

export function lookAt(root: string, confDir: string, runtime: Runtime | undefined): Seen {
  const files: ConfFile[] = [];
  const dropIns: ConfFile[] = [];
  for (const name of namesIn(root, confDir)) {
    const path = onNode(root, `${confDir}/${name}`);
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true)
      dropIns.push(...filesIn(root, confDir, name));
    else files.push(fileAt(name, path));
  }
  return { confDir, files, dropIns, runtime };
}

function namesIn(root: string, confDir: string): readonly string[] {
  try {
    return readdirSync(onNode(root, confDir)).toSorted();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new CniError(
      ErrorCode.io,
      `${confDir} is not there: name the runtime's conf directory with --conf-dir`,
    );
  }
}

function filesIn(root: string, confDir: string, directory: string): readonly ConfFile[] {
  return readdirSync(onNode(root, `${confDir}/${directory}`))
    .filter((name) => name.endsWith(".conf"))
    .toSorted()
    .map((name) => fileAt(`${directory}/${name}`, onNode(root, `${confDir}/${directory}/${name}`)));
}

/** Bytes that are no UTF-8 would not come back as they were: such a file is as one that cannot be read. */
function fileAt(name: string, path: string): ConfFile {
  // What no runtime reads may be a key, or a pipe that nobody writes to.
  if (!/\.(?:conf|conflist|json)$|pod-qos\.conflist\.away$/.test(name)) return unread(name, "it is no conf");
  try {
    if (!statSync(path).isFile()) return unread(name, "it is no file");
    const bytes = readFileSync(path);
    const text = bytes.toString("utf8");
    if (!Buffer.from(text).equals(bytes)) return unread(name, "it is not UTF-8");
    return { name, text, sha256: createHash("sha256").update(bytes).digest("hex"), fault: undefined };
  } catch (error) {
    return unread(name, messageOf(error));
  }
}

function unread(name: string, fault: string): ConfFile {
  return { name, text: undefined, sha256: "", fault };
}
