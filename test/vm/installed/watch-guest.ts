/**
 * Runs in the VM: `watch-guest.ts FOLDER`. Each 20 ms what the runtime would find: the first conf, the primary's, and the
 * executables. A line of FOLDER/seen for each change; ends when FOLDER/stop is there.
 */
import { createHash } from "node:crypto";
import {
  accessSync,
  appendFileSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { PRIMARY_FILE } from "../containerd/runtime.ts";
import { EVERY_MS, SEEN_FILE, STOP_FILE, type Conf, type Line, type Sight } from "./seen.ts";

const CONF_DIR = "/etc/cni/net.d";
const BIN_DIR = "/opt/cni/bin";
const EXECUTABLE = `${BIN_DIR}/pod-qos`;

const [folder = ""] = process.argv.slice(2);
const note = (line: Line): void => appendFileSync(join(folder, SEEN_FILE), `${JSON.stringify(line)}\n`);

const main = (): void => {
  let last = "";
  let [samples, lastMs, longestMs] = [0, Date.now(), 0];
  const timer = setInterval(() => {
    const sight = look();
    const text = JSON.stringify(sight);
    const atMs = Date.now();
    if (text !== last) note({ kind: "sight", atMs, sight });
    last = text;
    samples += 1;
    longestMs = Math.max(longestMs, atMs - lastMs);
    lastMs = atMs;
    if (samples % 50 !== 0 || !existsSync(join(folder, STOP_FILE))) return;
    clearInterval(timer);
    note({ kind: "end", samples, longestMs });
  }, EVERY_MS);
};

const look = (): Sight => {
  for (;;) {
    try {
      const names = readdirSync(CONF_DIR).filter((name) => /\.(?:conf|conflist|json)$/.test(name));
      const [first] = names.toSorted();
      return {
        first: first === undefined ? undefined : confAt(first),
        primary: names.includes(PRIMARY_FILE)
          ? sha256(readFileSync(join(CONF_DIR, PRIMARY_FILE)))
          : undefined,
        executable: executable(),
      };
    } catch (error) {
      // It has gone since it was listed: look again.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
};

const confAt = (name: string): Conf => {
  const bytes = readFileSync(join(CONF_DIR, name));
  const { types, from } = contentOf(bytes);
  const missing = types?.filter((type) => !mayRun(join(BIN_DIR, type)));
  return { name, sha256: sha256(bytes), types, from, missing };
};

/** Read once for each content: the processor is emulated. */
const contentOf = (bytes: Buffer): Pick<Conf, "types" | "from"> => {
  const text = bytes.toString();
  const found = known.get(text) ?? parsed(text);
  known.set(text, found);
  return found;
};

const known = new Map<string, Pick<Conf, "types" | "from">>();

const parsed = (text: string): Pick<Conf, "types" | "from"> => {
  try {
    const list = JSON.parse(text) as {
      readonly plugins: readonly { readonly type: string }[];
      readonly "pod-qos"?: { readonly sha256: string };
    };
    return { types: list.plugins.map(({ type }) => type), from: list["pod-qos"]?.sha256 };
  } catch {
    return { types: undefined, from: undefined };
  }
};

const mayRun = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** Its sum is taken once of each file that is seen, of the one that is open: another may be in its place by then. */
const executable = (): string | undefined => {
  const stat = statSync(EXECUTABLE, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  const identity = [stat.ino, stat.size, stat.mtimeMs, stat.ctimeMs, stat.mode.toString(8)].join(" ");
  if (!summed.has(identity)) void sum(identity);
  return identity;
};

const summed = new Set<string>();

const sum = async (identity: string): Promise<void> => {
  const fd = openSync(EXECUTABLE, "r");
  summed.add(identity);
  const { stdout, exitCode } = await execa("sha256sum", [`/proc/${process.pid}/fd/${fd}`], { reject: false });
  closeSync(fd);
  const said = exitCode === 0 ? stdout.slice(0, 64) : `sha256sum ended with ${exitCode}`;
  note({ kind: "sum", executable: identity, sha256: said });
};

const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

main();
