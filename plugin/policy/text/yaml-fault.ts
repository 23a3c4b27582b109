/** What the YAML library says, as an error of ours: its first line names the place, the lines below show it. Pure. */
import { CniError, ErrorCode, messageOf } from "../../errors.ts";

export function yamlFault(subject: string, error: unknown): CniError {
  const [what = "", ...excerpt] = messageOf(error).split("\n");
  return new CniError(
    ErrorCode.invalidConfig,
    `${subject}: ${what.replace(/:$/, "")}`,
    excerpt.join("\n").trim(),
  );
}
