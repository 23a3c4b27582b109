/** The command line as a person has it, in this process. */
import { commands } from "../../../plugin/commands.ts";
import { serve } from "../../../plugin/command-line/serve.ts";

export type Outcome = { readonly exitCode: number; readonly stdout: string; readonly stderr: string };

export async function podQos(...args: readonly string[]): Promise<Outcome> {
  const [stdout, stderr]: readonly [string[], string[]] = [[], []];
  const exitCode = await serve(args, {
    entries: commands,
    help: () => "the first page",
    version: "1.2.3",
    print: (text) => stdout.push(text) > 0,
    printFault: (text) => stderr.push(text) > 0,
  });
  return { exitCode, stdout: stdout.join("\n"), stderr: stderr.join("\n") };
}
