/** The node: its system, tools and kernel. */
import { lstatSync } from "node:fs";
import { messageOf } from "../../../errors.ts";
import { run } from "../../../kernel/exec.ts";
import { probeFeatures } from "../../../kernel/features.ts";
import { findTool } from "../../../kernel/find-tool.ts";
import { readText } from "../../../kernel/linux.ts";
import type { IptablesFacts, NodeFacts } from "../facts.ts";

export async function nodeFacts(root: string): Promise<NodeFacts> {
  const missing = tools.filter((tool) => !hasTool(root, tool));
  const has = (tool: string): boolean => !missing.includes(tool);
  const [tc, kernelFault, ...iptables] = await Promise.all([
    has("tc") ? said(root, "tc", "-V") : undefined,
    has("tc") && has("unshare") ? kernelFaultOf() : undefined,
    ...families.filter((family) => has(`${family}-restore`)).map((family) => iptablesFacts(root, family)),
  ]);
  const system = /^ID="?([\w.-]+)/m.exec(readText(`${root}/etc/os-release`) ?? "")?.[1] ?? "";
  return {
    system,
    hasApt: hasTool(root, "apt-get"),
    hasGlibc: loaders.some((path) => isThere(root + path)),
    missing,
    tc,
    iptables,
    kernelFault,
  };
}

export function isIproute2(version: string): boolean {
  return /\biproute2\b/.test(version);
}

const tools = ["tc", "ip", "nsenter", "unshare", "iptables-restore", "ip6tables-restore", "ipset"];

const loaders = ["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"];

/** Below another root a link is followed by that root's own tools: that it is there is all that can be seen. */
function hasTool(root: string, tool: string): boolean {
  if (root === "") return findTool(tool) !== undefined;
  return ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].some((folder) => isThere(`${root}${folder}/${tool}`));
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

async function said(root: string, ...argv: readonly string[]): Promise<string> {
  const { stdout, stderr } = await run(root === "" ? argv : ["chroot", root, ...argv], "");
  return stdout + stderr;
}

/** Tried with the tools of where doctor runs: the kernel is the same. What another tc cannot do says nothing of it. */
async function kernelFaultOf(): Promise<string | undefined> {
  if (findTool("unshare") === undefined || !isIproute2(await said("", "tc", "-V"))) return undefined;
  try {
    await probeFeatures();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

const families = ["iptables", "ip6tables"] as const;
const legacyTables = { iptables: "ip_tables_names", ip6tables: "ip6_tables_names" } as const;

async function iptablesFacts(root: string, family: IptablesFacts["family"]): Promise<IptablesFacts> {
  const version = await said(root, `${family}-restore`, "-V");
  const variant = version.includes("nf_tables") ? "nft" : version.includes("legacy") ? "legacy" : "unknown";
  return { family, variant, otherRules: variant === "unknown" ? 0 : await otherRules(root, family, variant) };
}

/** Legacy tables are asked for only where there are some: to list one is to make it. */
async function otherRules(
  root: string,
  family: IptablesFacts["family"],
  variant: "nft" | "legacy",
): Promise<number> {
  if (variant === "nft" && (readText(`/proc/self/net/${legacyTables[family]}`) ?? "") === "") return 0;
  const tool = `${family}-${variant === "nft" ? "legacy" : "nft"}-save`;
  if (!hasTool(root, tool)) return 0;
  return (await said(root, tool)).match(/^-A /gm)?.length ?? 0;
}
