/** All that there is on a node for pods: what its kernel has, and the plugin's records. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { ifbName } from "../../../plugin/datapath/names.ts";
import { exactState } from "../node/exact-state.ts";
import type { LabNode } from "../node/node.ts";
import type { Pod } from "../node/pod.ts";
import type { Seat } from "./site.ts";

/**
 * Of the kernel, byte for byte, but for: the addresses of links and the number of an ifb, others each time that they are made; the order in
 * which tc lists classes, sets are saved and chains are declared, which is that of their making. Rules keep theirs.
 */
export const stateOf = async (node: LabNode, pods: readonly Pod[]): Promise<string> => {
  const kernel = inOrder(await exactState(node, ...pods));
  return [...filesOf(node), kernel].join("\n");
};

/** Of a state, what is one pod's: in the pod, and on the node by the names that are the pod's alone. */
export const partOf = ({ network, pod, wire }: Seat, state: string): string => {
  const ifb = ifbName({ network: network.name, containerId: pod.containerId, ifname: "eth0" });
  const names = [pod.containerId, ifb, wire.hostDevice, wire.pod4, wire.pod6].map(escaped);
  const own = new RegExp(`(?<![\\w.:-])(?:${names.join("|")})(?![\\w.:-])`);
  const [onNode = "", ...inPods] = state.split(/^(?=== )/m);
  const inPod = inPods.filter((part) => part.startsWith(`== ${pod.name}\n`));
  return [...onNode.split("\n").filter((line) => own.test(line)), ...inPod].join("\n");
};

const escaped = (text: string): string => text.replaceAll(".", "\\.");

/** What the agent wrote for ADD and what is kept to be quicker is nobody's. Who holds an interface goes by a number of the kernel's. */
const filesOf = (node: LabNode): readonly string[] =>
  readdirSync(node.path("/run/pod-qos"), { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(node.path("/run/pod-qos/").length))
    .filter((name) => !/^(?:live|policies)\/|^features\.json$|\/compared$/.test(name))
    .map((name) => name.replace(/^holders\/.*@/, "holders/@"))
    .toSorted();

const inOrder = (text: string): string =>
  text
    .split(/^(?=== )/m)
    .map((part) => part.replaceAll(madeAnew, "").split("\n").reduce(grouped, []).toSorted(byGroup).join("\n"))
    .join("\n");

const madeAnew = /^\d+: (?=pq)|link\/ether \S+|^\tindex \d+/gm;

/** A line with what is indented below it. */
const grouped = (lines: string[], line: string): string[] => {
  const last = lines.length - 1;
  if (/^\s/.test(line) && last >= 0) lines[last] += `\n${line}`;
  else lines.push(line);
  return lines;
};

/** Stable: what has the same key stays in its order. */
const byGroup = (a: string, b: string): number => (keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : 0);

/** The name of a pod stays first. Rules go by their chain, and in those that uplinks share by the uplink; all else by what it says. */
const keyOf = (line: string): string => {
  if (line.startsWith("== ")) return "";
  const [, chain, uplink = ""] = /^(-A \S+)(?:.* --comment "(pod-qos:[^"]*)")?/.exec(line) ?? [];
  return chain === undefined ? line : `${chain} ${uplink}`;
};
