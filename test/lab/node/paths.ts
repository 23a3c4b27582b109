import { existsSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../../..");

/** The executable under test. */
export const pluginPath = (): string => resolve(process.env["POD_QOS_BIN"] ?? join(root, "dist/pod-qos"));

/** Where real CNI clients and plugins are looked for: built from Go at pinned versions, then Debian's. */
const peerDirs = (): readonly string[] => [...pinnedDirs(), "/usr/lib/cni"];

const pinnedDirs = (): readonly string[] =>
  (process.env["POD_QOS_PEERS"] ?? join(root, ".cache/peers/bin")).split(delimiter);

/** Full path of a peer such as `cnitool`, `bridge` or `flannel`; undefined when the machine lacks it. */
export const peer = (name: string): string | undefined => findIn(peerDirs(), name);

/** The same, of the pinned version and no other. */
export const pinnedPeer = (name: string): string | undefined => findIn(pinnedDirs(), name);

/** Full path of the module of a suite that scripts/lab/peers.json names, built; undefined when the machine lacks it. */
export const pinnedSuite = (name: string): string | undefined =>
  findIn(
    pinnedDirs().map((dir) => join(dir, "../suites")),
    name,
  );

const findIn = (dirs: readonly string[], name: string): string | undefined =>
  dirs.map((dir) => join(dir, name)).find((path) => existsSync(path));

/** Inside a node: the plugin under its CNI name, whatever file POD_QOS_BIN points to. */
export const NODE_CNI_BIN = "/opt/cni/bin";

/** The CNI_PATH of everything the lab runs. */
export const cniPath = (): string => [NODE_CNI_BIN, ...peerDirs()].join(delimiter);

/** True when the executable under test has been built. */
export const pluginBuilt = (): boolean => existsSync(pluginPath());
