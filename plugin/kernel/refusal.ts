/** What a tool said when it failed, classified once: which error, in whose words, what to do. */
import { CniError, ErrorCode } from "../errors.ts";
import type { Batch } from "../program/handler.ts";
import type { Place } from "../program/program.ts";
import type { Outcome } from "./exec.ts";

export function refusal(place: Place, { argv, input }: Batch, { exitCode, stderr }: Outcome): CniError {
  const said = stderr.trim();
  const command = argv.join(" ");
  const lines = input.trim().split("\n");
  const failed = failedLine(said);
  const details = [
    `${command} (${place === "pod" ? "in the pod's namespace" : "on the node"}) ended with ${exitCode}`,
    said,
    `input:\n${excerpt(lines, failed)}`,
  ].join("\n");
  if (/filter block is shared/.test(said)) {
    return new CniError(
      ErrorCode.foreignObject,
      `the filters there are not the device's own but of a block that several share (ingress_block or egress_block), ` +
        `which is not ours: make its clsact or ingress qdisc without a block; refused: "${lines[(failed ?? 1) - 1] ?? ""}"`,
      details,
    );
  }
  if (/^nsenter: reassociate to namespace .*: Invalid argument/m.test(said)) {
    return new CniError(
      ErrorCode.invalidEnvironment,
      "CNI_NETNS is a namespace of another kind, not a network namespace",
      details,
    );
  }
  const lacking = missing.find(({ pattern, tool }) => pattern.test(said) && (tool ?? argv[0]) === argv[0]);
  if (lacking !== undefined) {
    return new CniError(ErrorCode.missingFeature, `${lacking.what}: ${firstLine(said)}`, details);
  }
  return new CniError(
    ErrorCode.kernelRefused,
    `the kernel refused a program of ${argv[0] ?? ""}: ${firstLine(said)}`,
    details,
  );
}

const ipsetModules = "load ip_set, ip_set_hash_net, ip_set_hash_ip and xt_set";

type Lacking = {
  readonly pattern: RegExp;
  /** Of whom it says that; any, where it is undefined. */
  readonly tool?: string;
  readonly what: string;
};

const missing: readonly Lacking[] = [
  {
    pattern: /: not found in /,
    what: "a tool is missing on the node (install iproute2, iptables, ipset, util-linux)",
  },
  {
    pattern:
      /Cannot open session to kernel|set type not supported|Kernel-library incompatibility|module ip_set|open socket to ipset/i,
    what: `this kernel lacks address sets (${ipsetModules})`,
  },
  {
    pattern: /qdisc kind is unknown/i,
    what: "this kernel lacks a queueing discipline (load sch_htb, sch_ingress)",
  },
  {
    pattern: /TC classifier not found|Failed to load TC action module|action.*unknown/i,
    what: "this kernel lacks a traffic control module (load cls_matchall or cls_u32, act_mirred, act_police; cls_bpf for limits of rules in an uplink's class)",
  },
  {
    pattern: /Unknown device type|RTNETLINK answers: Operation not supported/,
    tool: "ip",
    what: "this kernel has no ifb (load ifb)",
  },
  {
    pattern: /initialize (\w+ )?table/,
    what: "this kernel lacks the mangle table of iptables (load iptable_mangle and ip6table_mangle)",
  },
  {
    pattern: /(unknown|Couldn't load) (target|match)|does not exist.*modprobe|Extension \w+ .*not supported/i,
    what: "this kernel or its iptables lacks an extension (load xt_DSCP, xt_CLASSIFY, xt_comment, xt_multiport, xt_set, xt_mark)",
  },
  {
    // Of a rule's sets and chains: they were made before, in the same breath or by a tool that succeeded.
    pattern: /RULE_APPEND failed \(No such file or directory\)/,
    what: "this kernel lacks an extension of iptables (load nft_compat, xt_DSCP, xt_CLASSIFY, xt_comment, xt_multiport, xt_set)",
  },
];

function firstLine(text: string): string {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.find((line) => line !== "" && !line.startsWith("We have an error")) ?? "it did not say why";
}

/** Each tool has its own way to say which line of its input it could not do. */
function failedLine(said: string): number | undefined {
  const number = /Command failed -:(\d+)|(?:in|at)? ?line:? (\d+)/.exec(said);
  return number === null ? undefined : Number(number[1] ?? number[2]);
}

const shown = 20;

/** Rules may be thousands of lines, and the error goes into the pod's events. */
function excerpt(lines: readonly string[], failed: number | undefined): string {
  const start = Math.max(0, Math.min((failed ?? 1) - shown / 2, lines.length - shown));
  const before = start > 0 ? [`(${start} lines)`] : [];
  const after = lines.length - start - shown;
  const more = after > 0 ? [`(${after} more lines)`] : [];
  return [...before, ...lines.slice(start, start + shown), ...more].join("\n");
}
