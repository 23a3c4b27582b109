/** A command for the VM as a shell script (pure). */
import { VmError } from "./errors.ts";

export type GuestCommand = {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>> | undefined;
};

/** Nothing of the caller's environment gets in: a run looks the same from anywhere. */
const BASE_ENV = {
  HOME: "/root",
  LANG: "C.UTF-8",
  TERM: "dumb",
  USER: "root",
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  /** Tells tests that they run on the stock kernel. */
  POD_QOS_VM: "1",
};

/** Script text that enters the folder and becomes the command. */
export function guestCommand({ command, cwd, env }: GuestCommand): string {
  if (command.length === 0) throw new VmError("no command for the VM");
  const exports = Object.entries({ ...BASE_ENV, ...env }).map(
    ([name, value]) => `export ${name}=${quote(value)}`,
  );
  const lines = [...exports, `cd ${quote(cwd)} || exit 125`, `exec ${command.map(quote).join(" ")}`];
  return lines.map((line) => `${line}\n`).join("");
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
