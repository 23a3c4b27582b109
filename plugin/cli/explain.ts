/** `pod-qos explain`: what ADD would decide and program, and why, without a kernel. On the code that ADD runs on. */
import { CniError, ErrorCode, messageOf } from "../errors.ts";
import { explainFor } from "./explain/explanation.ts";
import { UsageError } from "./explain/files.ts";
import { readOptions, type Options } from "./explain/options.ts";
import { explanationText, refusalText } from "./explain/text.ts";

/** 0: explained; 1: ADD would refuse it; 2: the command line is wrong. */
export async function explain(args: readonly string[], print: (text: string) => boolean): Promise<0 | 1 | 2> {
  if (args.includes("--help") || args.includes("-h")) return print(help) ? 0 : 1;
  try {
    const options = await readOptions(args);
    return await answer(options, print);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    print(`pod-qos explain: ${error.message}\n(pod-qos explain --help tells the flags)`);
    return 2;
  }
}

async function answer(options: Options, print: (text: string) => boolean): Promise<0 | 1> {
  try {
    const explanation = await explainFor(options);
    print(options.json ? JSON.stringify(explanation, null, 2) : explanationText(explanation, options));
    return explanation.refusal === null ? 0 : 1;
  } catch (error) {
    const { code, message: msg, details } = asCniError(error);
    print(
      options.json
        ? JSON.stringify({ error: { code, msg, details } }, null, 2)
        : refusalText(code, msg, details),
    );
    return 1;
  }
}

/** What is no CniError is a bug: told in a sentence all the same. */
function asCniError(error: unknown): CniError {
  return error instanceof CniError ? error : new CniError(ErrorCode.internal, messageOf(error));
}

const help = `pod-qos explain: what would a pod get, and why?
Touches no kernel and writes nothing.

  --conf FILE              conflist with our entry in it, or that entry alone
  --pod FILE               a Pod as "kubectl get pod -o yaml" prints it
  --annotations FILE|K=V   annotations, over those of --pod; may be repeated
  --labels FILE|K=V        labels, over those of --pod; may be repeated. With
                           neither, labels are not known
  --namespace NAME  --name NAME  --interface eth0
  --uid UID                of the pod: what the node's agent says of it counts,
                           as it does for ADD

Which rule decides for a packet that the pod sends:
  --to ADDRESS  --from ADDRESS  --proto tcp|udp|sctp|icmp|…  --port NUMBER

What cannot be known without a kernel, for the programs:
  --link veth|ipvlan|macvlan   --mtu 1500   --kernel stock|small (no act_police,
                               no fq_codel, no cls_matchall)

  --json                   for scripts, and in full

Exit code: 0 explained, 1 ADD would refuse it (and why), 2 wrong usage.`;
