/** The flags of `pod-qos explain`, as what a runtime would have said. */
import { parseArgs } from "node:util";
import { interfaceFormFault } from "../../cni/call.ts";
import type { JsonObject } from "../../cni/fields.ts";
import { inOurSpelling } from "../../cni/spelling.ts";
import { messageOf } from "../../errors.ts";
import { parseAddress } from "../../policy/address.ts";
import type { Packet } from "../../policy/model.ts";
import { confFrom, mapFrom, podFrom, UsageError } from "./files.ts";

const linkKinds = ["veth", "ipvlan", "macvlan"] as const;
const kernels = ["stock", "small"] as const;
const protocols = ["tcp", "udp", "sctp", "icmp", "icmpv6", "gre", "esp", "ah"] as const;
const withPorts: ReadonlySet<string> = new Set(["tcp", "udp", "sctp"]);

export type Options = {
  /** The conf as the runtime would send it, with what it adds for the pod. */
  readonly document: JsonObject;
  readonly args: Readonly<Record<string, string>>;
  readonly ifname: string;
  readonly packet: Packet | undefined;
  readonly sourceIsGiven: boolean;
  readonly confIsGiven: boolean;
  /** What cannot be known without looking at a kernel. */
  readonly link: (typeof linkKinds)[number];
  readonly mtu: number;
  readonly kernel: (typeof kernels)[number];
  readonly json: boolean;
};

export async function readOptions(args: readonly string[]): Promise<Options> {
  const { values } = parse(args);
  const pod = await podFrom(values.pod);
  const annotations = await mapFrom("--annotations", values.annotations, pod.annotations);
  const labels = await mapFrom("--labels", values.labels, pod.labels);
  const namespace = values.namespace ?? pod.namespace;
  const name = values.name ?? pod.name;
  const ifname = values.interface;
  const fault = interfaceFormFault(ifname);
  if (fault !== undefined) throw new UsageError(`--interface ${fault}`);
  if (values.uid !== undefined && values.labels !== undefined) {
    throw new UsageError(
      "--uid asks what the node's agent says of the pod, and --labels says it: one of them is enough",
    );
  }
  return {
    document: inOurSpelling({
      ...(await confFrom(values.conf)),
      // Those of the conf count where no others are given, as they do for ADD.
      ...(labels === undefined ? {} : { args: { cni: { labels } } }),
      runtimeConfig: { "io.kubernetes.cri.pod-annotations": annotations },
    }),
    args: {
      ...(namespace === undefined ? {} : { K8S_POD_NAMESPACE: namespace }),
      ...(name === undefined ? {} : { K8S_POD_NAME: name }),
      ...(values.uid === undefined ? {} : { K8S_POD_UID: values.uid }),
    },
    ifname,
    packet: packetFrom(values),
    sourceIsGiven: values.from !== undefined,
    confIsGiven: values.conf !== undefined,
    link: oneOf("--link", linkKinds, values.link),
    mtu: wholeNumber("--mtu", values.mtu, 68, 65_535),
    kernel: oneOf("--kernel", kernels, values.kernel),
    json: values.json,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        conf: { type: "string" },
        pod: { type: "string" },
        annotations: { type: "string", multiple: true },
        labels: { type: "string", multiple: true },
        namespace: { type: "string" },
        name: { type: "string" },
        uid: { type: "string" },
        interface: { type: "string", default: "eth0" },
        to: { type: "string" },
        from: { type: "string" },
        port: { type: "string" },
        proto: { type: "string" },
        link: { type: "string", default: "veth" },
        mtu: { type: "string", default: "1500" },
        kernel: { type: "string", default: "stock" },
        json: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

type PacketFlags = Readonly<Partial<Record<"to" | "from" | "port" | "proto", string | undefined>>>;

function packetFrom({ to, from, port, proto }: PacketFlags): Packet | undefined {
  if (to === undefined) {
    const stray = Object.entries({ from, port, proto }).find(([, value]) => value !== undefined);
    if (stray !== undefined) throw new UsageError(`--${stray[0]} is about a packet: say --to as well`);
    return undefined;
  }
  const destination = parseAddress(to);
  if (destination === undefined) throw new UsageError(`--to ${to} is not an IP address`);
  const source = from ?? (destination.family === 4 ? "0.0.0.0" : "::");
  const sourceFamily = parseAddress(source)?.family;
  if (sourceFamily !== destination.family) {
    throw new UsageError(`--from ${source} is not an IPv${destination.family} address, as --to is`);
  }
  const protocol = oneOf(
    "--proto",
    protocols,
    (proto ?? (port === undefined ? "icmp" : "tcp")).toLowerCase(),
  );
  if (port !== undefined && !withPorts.has(protocol)) throw new UsageError(`--port: ${protocol} has none`);
  return {
    source,
    destination: to,
    protocol: protocol.toUpperCase(),
    port: port === undefined ? undefined : wholeNumber("--port", port, 1, 65_535),
  };
}

function oneOf<const Choice extends string>(flag: string, choices: readonly Choice[], text: string): Choice {
  const choice = choices.find((known) => known === text);
  if (choice === undefined) throw new UsageError(`${flag} ${text}: one of ${choices.join(", ")}`);
  return choice;
}

function wholeNumber(flag: string, text: string, lowest: number, highest: number): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : -1;
  if (value < lowest || value > highest) throw new UsageError(`${flag} ${text}: ${lowest} to ${highest}`);
  return value;
}
