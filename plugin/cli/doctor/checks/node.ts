/** Whether this node can run pod-qos at all. */
import { error, warning, type Check, type Finding } from "../check.ts";
import type { Facts, IptablesFacts } from "../facts.ts";
import { packages } from "../shell.ts";

export const nodeChecks: readonly Check[] = [
  { id: "node-system", wants: "the node's system is one that pod-qos runs on", find: ofSystem },
  { id: "node-libc", wants: "the node has glibc, which the executable needs", find: ofLibc },
  {
    id: "node-tools",
    wants: "the tools are there: tc, ip, nsenter, unshare, iptables, ipset",
    find: ofTools,
  },
  { id: "node-tc", wants: "tc is iproute2's", find: ofTc },
  { id: "node-iptables", wants: "all rules are in one variant of iptables, legacy or nft", find: ofIptables },
  { id: "node-kernel", wants: "the kernel has what limits need", find: ofKernel },
];

/** By ID in /etc/os-release. */
const unsupported: Readonly<Record<string, string>> = {
  talos: "Talos has neither glibc nor tc nor a place for plugins that stays",
  bottlerocket: "Bottlerocket empties /opt/cni at each boot and confines plugins to a container's rights",
};

function ofSystem({ node: { system } }: Facts): Finding | undefined {
  const why = unsupported[system];
  return why === undefined ? undefined : error(`pod-qos does not run on this system: ${why}`);
}

/** Said once: of a system that is not supported it is no news. */
function ofLibc({ node: { hasGlibc, system } }: Facts): Finding | undefined {
  if (hasGlibc || unsupported[system] !== undefined) return undefined;
  return error(
    "there is no loader of glibc (ld-linux): this system has another C library, such as musl; pod-qos does not start on it",
  );
}

const packageOf: Readonly<Record<string, string>> = {
  tc: "iproute2",
  ip: "iproute2",
  nsenter: "util-linux",
  unshare: "util-linux",
  ipset: "ipset",
};
const neededByAll: ReadonlySet<string> = new Set(["tc", "ip", "nsenter", "unshare"]);

function ofTools(facts: Facts): Finding | undefined {
  const {
    node: { missing, system },
    conf: { faults },
  } = facts;
  if (missing.length === 0 || unsupported[system] !== undefined) return undefined;
  const mend = packages(facts, ...new Set(missing.map((tool) => packageOf[tool] ?? "iptables")));
  const isNeeded = faults["tools"] !== undefined || missing.some((tool) => neededByAll.has(tool));
  return isNeeded
    ? error(`not found: ${missing.join(", ")}: pods that need them do not start`, mend)
    : warning(`not found: ${missing.join(", ")}: a pod that asks for marks or rules does not start`, mend);
}

function ofTc(facts: Facts): Finding | undefined {
  const { tc } = facts.node;
  if (tc === undefined || /\biproute2\b/.test(tc)) return undefined;
  const [first = ""] = tc.trim().split("\n");
  return error(
    `tc is not iproute2's (it says "${first}"): it knows no batches, so no pod with a limit starts`,
    packages(facts, "iproute2"),
  );
}

/** No command: to move rules that an agent keeps, such as kube-proxy, would empty chains that are in use. */
function ofIptables({ node: { iptables } }: Facts): Finding | undefined {
  const mixed = iptables.filter(({ otherRules, variant }) => otherRules > 0 && variant !== "unknown");
  if (mixed.length === 0) return undefined;
  return warning(
    mixed
      .map(
        ({ family, variant, otherRules }) =>
          `${family} is the ${variant} variant, and the ${otherOf(variant)} one has ${otherRules} rules as well: both sets apply, and each variant shows only its own`,
      )
      .join("; "),
  );
}

function otherOf(variant: IptablesFacts["variant"]): string {
  return variant === "nft" ? "legacy" : "nft";
}

function ofKernel({ node: { kernelFault } }: Facts): Finding | undefined {
  if (kernelFault === undefined) return undefined;
  return error(kernelFault, "modprobe -a sch_ingress sch_htb cls_matchall act_police act_mirred ifb");
}
