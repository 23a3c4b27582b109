/** `pod-qos explain`: what ADD would decide and program, and why, without a kernel. On the code that ADD runs on. */
import { command, type Print } from "../command-line/command.ts";
import { printable } from "../plain-text.ts";
import { CniError, ErrorCode, messageOf } from "../errors.ts";
import { explainFor } from "./explain/explanation.ts";
import { optionsFrom, table, type Options } from "./explain/options.ts";
import { explanationText, refusalText } from "./explain/text.ts";

export const explain = command({
  about: "Touches no kernel and writes nothing.",
  options: table,
  exitCodes: { 0: "explained", 1: "ADD would refuse it, and why" },
  run: async ({ options }, print) => answer(await optionsFrom(options), print),
});

async function answer(options: Options, print: Print): Promise<0 | 1> {
  try {
    const explanation = await explainFor(options);
    print(
      options.json ? JSON.stringify(explanation, null, 2) : printable(explanationText(explanation, options)),
    );
    return explanation.refusal === null ? 0 : 1;
  } catch (error) {
    const { code, message: msg, details } = asCniError(error);
    print(
      options.json
        ? JSON.stringify({ error: { code, msg, details } }, null, 2)
        : printable(refusalText(code, msg, details)),
    );
    return 1;
  }
}

/** What is no CniError is a bug: told in a sentence all the same. */
function asCniError(error: unknown): CniError {
  return error instanceof CniError ? error : new CniError(ErrorCode.internal, messageOf(error));
}
