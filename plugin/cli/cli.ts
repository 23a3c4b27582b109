/** What a person gets who starts the executable by hand. */
import { supportedVersions } from "../cni/versions.ts";

declare const __VERSION__: string;

type Print = (text: string) => boolean;

/** What is left of the arguments in, exit code out. */
type Command = (args: readonly string[], print: Print) => number | Promise<number>;

/** A command's code is loaded when it is called for, not before. */
const commands: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ["explain", async () => (await import("./explain.ts")).explain],
  ["show", async () => (await import("./show.ts")).show],
  ["uplink", async () => (await import("./uplink.ts")).uplink],
]);

export async function serveHuman(args: readonly string[], print: Print): Promise<number> {
  const [first = "help", ...rest] = args;
  const load = commands.get(first);
  if (load !== undefined) return (await load())(rest, print);
  switch (first) {
    case "help":
    case "--help":
    case "-h":
      return print(help()) ? 0 : 1;
    case "version":
    case "--version":
      return print(`pod-qos ${__VERSION__}`) ? 0 : 1;
    default:
      print(`pod-qos: unknown argument ${JSON.stringify(first)}\n\n${help()}`);
      return 2;
  }
}

function help(): string {
  return `pod-qos ${__VERSION__}: a chained CNI plugin that limits the bandwidth of pods and marks their traffic

It is not started by hand. The container runtime starts it for every pod, behind the plugin that makes the
pod's interface. Put this entry at the end of "plugins" in the conflist under /etc/cni/net.d:

  { "type": "pod-qos",
    "capabilities": { "bandwidth": true, "io.kubernetes.cri.pod-annotations": true } }

and annotate pods:

  kubernetes.io/egress-bandwidth: 50M       what the pod sends, bit/s
  kubernetes.io/ingress-bandwidth: 50M      what the pod receives
  pod-qos/egress-bandwidth: 50M             the same; wins over the two above (also ingress)
  pod-qos/egress-burst: 4M                  bits above the rate at once (also ingress)
  pod-qos/discipline: police                drop what is above the cap instead of queueing it
  pod-qos/dscp: AF21                        mark what the pod sends
  pod-qos/egress: '[{"dscp": 46, ...}]'     marks and limits by destination: rules
  pod-qos/class: bulk-seed                  which class of the node's uplink it is in (conf: uplink)
  net1.pod-qos/dscp: EF                     any of these for one interface of the pod

CNI versions: ${supportedVersions.join(", ")}

  pod-qos explain           what would a pod get, and why (explain --help)
  pod-qos show [POD]        what this node's pods have, and what they use of it
  pod-qos show --watch      the same, drawn again every second
  pod-qos uplink show       the classes of the node's uplink: sure of, at most, now
  pod-qos uplink remove     take the uplink's classes, sets and rules away
                            all with --json; exit code 1: unhealthy, 2: wrong arguments

  pod-qos agent             runs on each node: what changes reaches pods while they run (agent --help)

  pod-qos --help            this page
  pod-qos --version         the version`;
}
