/** What a tool said when it failed, classified once: which error, in whose words, what to do. */
import { CniError, ErrorCode } from "../errors.ts";
import type { Batch } from "../program/handler.ts";
import type { Place } from "../program/program.ts";
import type { Outcome } from "./exec.ts";

export function refusal(place: Place, { argv, input }: Batch, { exitCode, stderr }: Outcome): CniError {
  const said = stderr.trim();
  const command = argv.join(" ");
  const details = [
    `${command} (${place === "pod" ? "in the pod's namespace" : "on the node"}) ended with ${exitCode}`,
    said,
    `input:\n${input.trim()}`,
  ].join("\n");
  const lacking = missing.find(({ pattern }) => pattern.test(said));
  if (lacking !== undefined) {
    return new CniError(ErrorCode.missingFeature, `${lacking.what}: ${firstLine(said)}`, details);
  }
  return new CniError(
    ErrorCode.kernelRefused,
    `the kernel refused a program of ${argv[0] ?? ""}: ${firstLine(said)}`,
    details,
  );
}

const missing: readonly { readonly pattern: RegExp; readonly what: string }[] = [
  {
    pattern: /: not found in /,
    what: "a tool is missing on the node (install iproute2, iptables, util-linux)",
  },
  {
    pattern: /qdisc kind is unknown/i,
    what: "this kernel lacks a queueing discipline (load sch_htb, sch_ingress)",
  },
  {
    pattern: /TC classifier not found|Failed to load TC action module|action.*unknown/i,
    what: "this kernel lacks a traffic control module (load cls_matchall or cls_u32, act_mirred, act_police)",
  },
  {
    pattern: /Unknown device type|RTNETLINK answers: Operation not supported/,
    what: "this kernel has no ifb (load ifb)",
  },
  {
    pattern: /(unknown|Couldn't load) (target|match)|does not exist.*modprobe|Extension \w+ .*not supported/i,
    what: "this kernel or its iptables lacks an extension (load xt_DSCP, xt_comment)",
  },
];

function firstLine(text: string): string {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.find((line) => line !== "" && !line.startsWith("We have an error")) ?? "it did not say why";
}
