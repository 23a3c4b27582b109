import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { LabNode } from "./node.ts";
import type { Pod } from "./pod.ts";

/**
 * What `dump` leaves out: indexes of links and actions, handles, so that an object made anew shows even if it looks the
 * same. As few processes as can be, for tests that look often: in the VM each takes a tenth of a second.
 */
export const exactState = async (node: LabNode, ...pods: readonly Pod[]): Promise<string> => {
  const { stdout } = await node.exec("sh", looking(...pods.map(({ name }) => name)));
  return withoutNoise(stdout);
};

/** Arguments of a shell on the node that looks. */
export const looking = (...podNames: readonly string[]): readonly string[] => ["-c", LOOK, LOOK, ...podNames];

/** What that shell said, as far as it is state. */
export const withoutNoise = (said: string): string =>
  said
    .split("\n")
    .filter((line) => !NO_STATE.test(line))
    .map((line) => line.replaceAll(NOISE, ""))
    .join("\n");

/** $0 is the script itself, which each pod's shell runs in turn, with no pods. */
const LOOK = `
ip link show
for path in /sys/class/net/*; do
  dev=\${path##*/}
  echo "qdisc show dev $dev
class show dev $dev
filter show dev $dev ingress
filter show dev $dev egress"
done | tc -d -force -batch - 2>/dev/null
iptables-save -t mangle
ip6tables-save -t mangle
ipset save | sort
for pod; do
  echo "== $pod"
  ip netns exec "$pod" sh -c "$0" "$0"
done
`;

/** Built-in chains come with the first look; flows of fq_codel come and go with packets, and some packet is always sent. */
const NO_STATE = /^[#*]|^COMMIT$|^:\S+ [A-Z]|^class fq_codel/;

/** Carrier and operstate come a little later than what they follow from. */
const NOISE =
  /NO-CARRIER,?|,?LOWER_UP|,?M-DOWN|(?<=mtu \d+ .*) state [A-Z]+|ref \d+ bind \d+|direct_packets_stat \d+| (?:hashsize|initval) \w+/g;

/** Every file and link of the state directory with its time of change and what it says. Starts no process. */
export const stateFiles = (node: LabNode, stateDir = "/run/pod-qos"): Readonly<Record<string, string>> => {
  const root = node.path(stateDir);
  if (!existsSync(root)) return {};
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter(
    (entry) => !entry.isDirectory(),
  );
  return Object.fromEntries(
    files.flatMap((entry) => {
      const path = join(entry.parentPath, entry.name);
      try {
        const said = entry.isSymbolicLink() ? readlinkSync(path) : readFileSync(path, "utf8");
        return [[path.slice(root.length + 1), `${lstatSync(path).mtimeMs} ${said}`]];
      } catch (error) {
        // An agent at work writes beside a file and renames.
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
        throw error;
      }
    }),
  );
};

/** The names of the records, without the cache of kernel features, which is the node's. */
export const recordNames = (node: LabNode): readonly string[] =>
  Object.keys(stateFiles(node)).filter((name) => name.startsWith("attachments/"));
