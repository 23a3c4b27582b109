/** What is recorded of pods. */
import { warning, type Check, type Finding } from "../check.ts";
import type { Facts } from "../facts.ts";
import { ownProgram, quoted } from "../shell.ts";

export const podsChecks: readonly Check[] = [
  { id: "pods-ended", wants: "every record has a pod that runs", find: ofEnded },
];

function ofEnded({ pods: { ended }, chain, state }: Facts): Finding | undefined {
  const [first, ...others] = ended;
  if (first === undefined) return undefined;
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  // Without a list of what is valid GC takes what has no namespace any more, and nothing else.
  const conf = { cniVersion: "1.1.0", name: first.network, type: "pod-qos", stateDir: state.directory };
  return warning(
    `the network namespace of ${first.pod}${more} has ended without a DEL: its record is still there`,
    `echo ${quoted(JSON.stringify(conf))} | CNI_COMMAND=GC CNI_PATH=${quoted(chain.binDir)} ${ownProgram(chain)}`,
  );
}
