import type { LabNode } from "../node/node.ts";
import type { Namespace } from "../node/process.ts";

/** Which of the two classes 20 pings of a namespace went by; ARP and neighbours are left out of the account. */
export const classOfPings = async (
  node: LabNode,
  from: Namespace,
  address: string,
  more: readonly string[] = [],
): Promise<string> => {
  const before = await packetsOf(node);
  await from.exec("ping", ["-q", "-c", "20", "-i", "0.02", "-W", "2", ...more, address]);
  const after = await packetsOf(node);
  return ["1:10", "1:20"].filter((id) => (after[id] ?? 0) - (before[id] ?? 0) >= 20).join(" and ");
};

const packetsOf = async (node: LabNode): Promise<Readonly<Record<string, number>>> => {
  const { stdout } = await node.exec("tc", ["-s", "class", "show", "dev", "eth0"]);
  const rows = [...stdout.matchAll(/^class htb (\S+) .*\n Sent \d+ bytes (\d+) pkt/gm)];
  return Object.fromEntries(rows.map(([, classid = "", packets]) => [classid, Number(packets)]));
};
