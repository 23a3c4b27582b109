import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { LabNode } from "./node.ts";
import type { Pod } from "./pod.ts";

/**
 * What `dump` leaves out: indexes of links and actions, handles, so that an object made anew shows even if it looks the
 * same. One process per look, for tests that look often.
 */
export const exactState = async (node: LabNode, ...pods: readonly Pod[]): Promise<string> => {
  const { stdout } = await node.exec("sh", ["-c", LOOK, "sh", ...pods.map(({ name }) => name)]);
  return stdout;
};

/** Carrier and operstate come a little later than what they follow from; flows of fq_codel come and go with packets, and some packet is always sent. */
const LOOK = `
look() {
  $1 ip link show | sed -E 's/NO-CARRIER,?|,?LOWER_UP|,?M-DOWN//g; s/ state [A-Z]+//' | tee /run/.look
  sed -nE 's/^[0-9]+: ([^:@]+).*/qdisc show dev \\1\\nclass show dev \\1\\nfilter show dev \\1 ingress\\nfilter show dev \\1 egress/p' /run/.look |
    $1 tc -d -force -batch - 2>/dev/null | sed -E 's/ref [0-9]+ bind [0-9]+//; s/direct_packets_stat [0-9]+//; /^class fq_codel/d'
  for family in ip ip6; do $1 \${family}tables-save -t mangle 2>/dev/null | grep -E '^-A|^:.* - '; done
  $1 ipset save 2>/dev/null | sed -E 's/ (hashsize|initval) [0-9a-fx]+//g' | sort
  rm /run/.look
  return 0
}
look ''
for pod; do echo "== $pod"; look "ip netns exec $pod"; done
`;

/** Every file of the state directory with its time of change and its text. Starts no process. */
export const stateFiles = (node: LabNode, stateDir = "/run/pod-qos"): Readonly<Record<string, string>> => {
  const root = node.path(stateDir);
  if (!existsSync(root)) return {};
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(root.length + 1), `${statSync(path).mtimeMs} ${readFileSync(path, "utf8")}`];
    }),
  );
};

/** The names of the records, without the cache of kernel features, which is the node's. */
export const recordNames = (node: LabNode): readonly string[] =>
  Object.keys(stateFiles(node)).filter((name) => name.startsWith("attachments/"));
