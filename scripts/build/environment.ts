/**
 * What Node takes from the environment at its start, before our first line and whatever SEA's config says. A runtime hands its own
 * environment on to its plugins, and with some of these an executable made of Node aborts, or writes where it was told to.
 *
 * So the executable has other names for them, as long and in the same places: in Node's scripts they are words of the language.
 */
import { readFile, writeFile } from "node:fs/promises";
import { BuildError } from "./errors.ts";

const NAMES = [
  // Ends the process with an abort: no channel there, not of use in an executable.
  "NODE_CHANNEL_FD",
  "NODE_REPL_EXTERNAL_MODULE",
  // Write into directories.
  "NODE_COMPILE_CACHE",
  "NODE_V8_COVERAGE",
  "NODE_REDIRECT_WARNINGS",
  // Say on stderr what is no line of our log.
  "NODE_DEBUG",
  // Makes the agent's sockets those of a cluster's worker.
  "NODE_UNIQUE_ID",
  // Whom the agent trusts, and by whom it goes.
  "NODE_EXTRA_CA_CERTS",
  "NODE_TLS_REJECT_UNAUTHORIZED",
  "NODE_USE_ENV_PROXY",
  "NODE_USE_SYSTEM_CA",
] as const;

export async function withoutEnvironment(executable: string): Promise<void> {
  const bytes = await readFile(executable);
  for (const name of NAMES) {
    if (rename(bytes, name) === 0)
      throw new BuildError(`Node does not read ${name} any more: take it from the list`);
  }
  await writeFile(executable, bytes);
}

/** How often it was there. */
function rename(bytes: Buffer, name: string): number {
  let count = 0;
  for (let at = bytes.indexOf(name); at >= 0; at = bytes.indexOf(name, at + 1)) {
    bytes.write("none", at, "latin1");
    count += 1;
  }
  return count;
}
