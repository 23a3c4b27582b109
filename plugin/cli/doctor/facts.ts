/** All that doctor looks at, gathered before anything is decided. Paths are those by which this process found them, `--root` included. */
import type { TextFile } from "../../cni/chain-file.ts";
import type { JsonObject } from "../../cni/fields.ts";
import type { NoAnswer, RuntimeAnswer } from "../../runtime/ask.ts";

export type Facts = {
  /** Before every path of the node; "" for the node itself. */
  readonly root: string;
  readonly node: NodeFacts;
  readonly runtime: RuntimeFacts;
  readonly chain: ChainFacts;
  readonly conf: ConfFacts;
  readonly agent: AgentFacts;
  readonly state: StateFacts;
  readonly uplink: UplinkFacts;
  readonly pods: PodsFacts;
};

export type NodeFacts = {
  /** ID of /etc/os-release; "" where there is none. */
  readonly system: string;
  /** Whether packages are Debian's; of other systems' it is not known what they call them. */
  readonly hasApt: boolean;
  /** Whether glibc's loader is where the executable looks for it. */
  readonly hasGlibc: boolean;
  /** Tools that are not there. */
  readonly missing: readonly string[];
  /** What `tc -V` says; undefined where there is no tc. */
  readonly tc: string | undefined;
  readonly iptables: readonly IptablesFacts[];
  /** Why the kernel cannot hold caps; undefined where it can. */
  readonly kernelFault: string | undefined;
};

export type IptablesFacts = {
  readonly family: "iptables" | "ip6tables";
  readonly variant: "nft" | "legacy" | "unknown";
  /** How many rules are in the tables of the other variant. */
  readonly otherRules: number;
};

export type RuntimeFacts =
  | RuntimeAnswer
  | (NoAnswer & {
      /** systemd's unit of it; undefined where the node has none. */
      readonly service: string | undefined;
    });

export type ChainFacts = {
  readonly confDir: string;
  readonly binDir: string;
  /** The same two as the node itself calls them. */
  readonly onNode: { readonly confDir: string; readonly binDir: string };
  /** undefined where the conf directory can be read. */
  readonly fault: string | undefined;
  /** Everything in the conf directory that is a file, whatever it is called, in the order of bytes. */
  readonly files: readonly TextFile[];
  /** Files of directories in the conf directory: CNI 1.1's drop-ins, if the directory has a network's name. */
  readonly dropIns: readonly (TextFile & { readonly directory: string })[];
  /** Why the runtime takes no drop-ins; undefined where it does, or is not known. */
  readonly withoutDropIns: string | undefined;
  /** What can be executed in the bin directory. */
  readonly executables: readonly string[];
  /** What our executable there says of itself; undefined where it does not start. */
  readonly version: string | undefined;
  /** This build's, and where it is. */
  readonly own: { readonly version: string; readonly path: string };
};

/** Our entry in the chain, as STATUS sees it. */
export type ConfFacts = {
  readonly entry: JsonObject | undefined;
  /** By the names of STATUS's checks, and "conf" for the entry itself. */
  readonly faults: Readonly<Record<string, Fault>>;
  /** undefined: it names none. */
  readonly hasPolicyDir?: boolean;
};

export type Fault = { readonly message: string; readonly details: string };

export type AgentFacts = {
  /** Whether one has ever run here. */
  readonly everRan: boolean;
  /** Of the one at work; undefined where none is. */
  readonly pid: number | undefined;
  /** What the one at work was started with, behind the program. */
  readonly args: readonly string[];
  /** Of the one at work; undefined where it cannot be asked. */
  readonly version: string | undefined;
  /** Of the last one: whether it followed the Kubernetes API. */
  readonly followsApi: boolean;
};

export type StateFacts = {
  readonly directory: string;
  /** The directory and those in it that count, as far as they are there. */
  readonly places: readonly { readonly path: string; readonly uid: number; readonly mode: number }[];
  /** Who doctor runs as: files of its own user count as well. */
  readonly uid: number;
  /** Records that this version cannot read. */
  readonly unreadable: readonly string[];
};

export type UplinkFacts = {
  /** The one of the conf; undefined where it has none, or it cannot be. */
  readonly asked: AskedUplink | undefined;
  /** What each uplink that stands has other than it should. */
  readonly drift: readonly UplinkDrift[];
};

export type UplinkDrift = {
  readonly device: string;
  readonly faults: readonly string[];
  /** Whether it can be made as its record says: not that of a former version, or of a link that is gone. */
  readonly isRestorable: boolean;
};

export type AskedUplink = {
  readonly device: string;
  /** bit/s. */
  readonly rate: number;
  readonly classes: readonly { readonly name: string; readonly rate: number }[];
  /** bit/s; undefined where the kernel does not know. */
  readonly speed: number | undefined;
  /** A qdisc of somebody else at its root. */
  readonly foreign: string | undefined;
  /** Why it could not be looked at. */
  readonly fault: string | undefined;
};

export type PodsFacts = {
  /** Records whose network namespace has ended: what it is called, and of which network. */
  readonly ended: readonly { readonly pod: string; readonly network: string }[];
};

export type Where = {
  /** Before every path of the node; "" for the node itself. */
  readonly root: string;
  readonly confDir: string | undefined;
  readonly binDir: string | undefined;
  readonly stateDir: string | undefined;
  /** The runtime's; undefined: whichever is there. */
  readonly socket: string | undefined;
};
