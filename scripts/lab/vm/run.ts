/** Command line of the lab: `node scripts/lab/vm/run.ts [options] -- COMMAND ARGS...`. */
import { parseArgs } from "node:util";
import { runInVm } from "./boot.ts";
import { VmError } from "./errors.ts";

const USAGE = `usage: run.ts [--cwd DIR] [--env NAME=VALUE]... [--timeout SECONDS] [--memory MB] [--out DIR] [--verbose] -- COMMAND ARGS...
Runs COMMAND on the stock Debian kernel in QEMU. Files of this machine are there; what it writes is lost, except in
/vm-out (the folder given by --out). POD_QOS_VM_ACCEL=kvm uses hardware virtualisation where that works.`;

const OPTIONS = {
  cwd: { type: "string" },
  env: { type: "string", multiple: true },
  timeout: { type: "string" },
  memory: { type: "string" },
  out: { type: "string" },
  verbose: { type: "boolean" },
  help: { type: "boolean" },
} as const;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
    if (values.help === true || positionals.length === 0) {
      process.stderr.write(`${USAGE}\n`);
      return values.help === true ? 0 : 2;
    }
    const started = performance.now();
    const result = await runInVm({
      command: positionals,
      cwd: values.cwd ?? process.cwd(),
      env: Object.fromEntries((values.env ?? []).map(assignment)),
      timeoutMs: values.timeout === undefined ? undefined : Number(values.timeout) * 1000,
      memoryMb: values.memory === undefined ? undefined : Number(values.memory),
      outFolder: values.out,
      onOutput: (text) => process.stdout.write(text),
    });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    if (values.verbose === true)
      process.stderr.write(`vm: command started after ${result.bootSeconds} s, all in all ${seconds} s\n`);
    return result.exitCode;
  } catch (error) {
    if (!(error instanceof VmError)) throw error;
    process.stderr.write(`vm: ${error.message}\n`);
    return 126;
  }
}

function assignment(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  if (at < 1) throw new VmError(`--env wants NAME=VALUE, got ${text}`);
  return [text.slice(0, at), text.slice(at + 1)];
}
