/** One call of the plugin, under a tracer or as it is. */
import type { LabNode } from "../../test/lab/node/node.ts";
import { LabError } from "../../test/lab/node/process.ts";

export type Call = {
  /** The executable and what stands before its own arguments, such as a tracer. */
  readonly program: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
};

/** Makes a call as often as it is measured, with what has to be there around it. */
export type Repeated = (body: (call: Call) => Promise<void>) => Promise<void>;

export async function succeededOrThrow(node: LabNode, { program, env, stdin }: Call): Promise<void> {
  const [file = "false", ...args] = program;
  const standardPath = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" };
  const result = await node.exec(file, args, {
    input: stdin,
    env: { ...standardPath, ...env },
    reject: false,
  });
  if (result.exitCode !== 0) throw new LabError(result);
}
