/** The flags of `pod-qos explain`, as what a runtime would have said. */
import { interfaceFormFault } from "../../cni/call.ts";
import type { JsonObject } from "../../cni/fields.ts";
import { inOurSpelling } from "../../cni/spelling.ts";
import {
  choice,
  flag,
  word,
  words,
  under,
  value,
  wholeNumber,
  type Values,
} from "../../command-line/option.ts";
import { UsageError } from "../../errors.ts";
import { parseAddress } from "../../policy/address/address.ts";
import type { Packet } from "../../policy/rule/model.ts";
import { confFrom, mapFrom, namespaceFrom, podFrom, type NamespaceFile } from "./files.ts";

const linkKinds = ["veth", "ipvlan", "macvlan"] as const;
const kernels = ["stock", "small"] as const;
const protocols = ["tcp", "udp", "sctp", "icmp", "icmpv6", "gre", "esp", "ah"] as const;
const withPorts: ReadonlySet<string> = new Set(["tcp", "udp", "sctp"]);

export type Options = {
  /** The conf as the runtime would send it, with what it adds for the pod. */
  readonly document: JsonObject;
  readonly args: Readonly<Record<string, string>>;
  readonly ifname: string;
  /** Counts before what the node's agent or a manifest says of it. */
  readonly ofNamespace: NamespaceFile | undefined;
  readonly packet: Packet | undefined;
  readonly sourceIsGiven: boolean;
  readonly confIsGiven: boolean;
  /** What cannot be known without looking at a kernel. */
  readonly link: (typeof linkKinds)[number];
  readonly mtu: number;
  readonly kernel: (typeof kernels)[number];
  readonly json: boolean;
};

export const table = {
  conf: word("FILE", "conflist with our entry in it, or that entry alone"),
  pod: word("FILE", 'a Pod as "kubectl get pod -o yaml" prints it'),
  annotations: words("FILE|K=V", "annotations, over those of --pod; may be repeated"),
  labels: words(
    "FILE|K=V",
    "labels, over those of --pod; may be repeated. With neither, labels are not known",
  ),
  namespace: word("NAME", "of the pod"),
  "namespace-file": word("FILE", 'its Namespace as "kubectl get namespace -o yaml" prints it'),
  name: word("NAME", "of the pod"),
  interface: word("NAME", "default eth0"),
  uid: word("UID", "of the pod: what the node's agent says of it counts, as it does for ADD"),
  to: under(
    "Which rule decides for a packet that the pod sends:",
    value("ADDRESS", "where it goes", "an IP address", address),
  ),
  from: value("ADDRESS", "where it comes from", "an IP address", address),
  proto: value("PROTOCOL", protocols.join(", "), `one of ${protocols.join(", ")}`, (given) =>
    protocols.find((known) => known === given.toLowerCase()),
  ),
  port: wholeNumber("that it goes to", 1, 65_535),
  link: under(
    "What cannot be known without a kernel, for the programs:",
    choice(linkKinds, "the pod's interface; default veth"),
  ),
  mtu: wholeNumber("default 1500", 68, 65_535),
  kernel: choice(kernels, "small: no act_police, no fq_codel, no cls_matchall; default stock"),
  json: under("For scripts:", flag("as JSON, and in full")),
};

export async function optionsFrom(values: Values<typeof table>): Promise<Options> {
  const pod = await podFrom(values.pod);
  const annotations = await mapFrom("--annotations", values.annotations, pod.annotations);
  const labels = await mapFrom("--labels", values.labels, pod.labels);
  const ofNamespace = await namespaceFrom(values["namespace-file"]);
  const namespace = values.namespace ?? pod.namespace ?? ofNamespace?.name;
  if (ofNamespace !== undefined && ofNamespace.name !== namespace) {
    throw new UsageError(
      `--namespace-file is namespace ${ofNamespace.name}, and the pod is in ${namespace ?? "none"}`,
    );
  }
  const name = values.name ?? pod.name;
  const { interface: ifname = "eth0", link = "veth", mtu = 1500, kernel = "stock" } = values;
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
    ofNamespace,
    packet: packetFrom(values),
    sourceIsGiven: values.from !== undefined,
    confIsGiven: values.conf !== undefined,
    link,
    mtu,
    kernel,
    json: values.json,
  };
}

function address(given: string): string | undefined {
  return parseAddress(given) === undefined ? undefined : given;
}

function packetFrom({ to, from, port, proto }: Values<typeof table>): Packet | undefined {
  if (to === undefined) {
    const stray = Object.entries({ from, port, proto }).find(([, given]) => given !== undefined);
    if (stray !== undefined) throw new UsageError(`--${stray[0]} is about a packet: say --to as well`);
    return undefined;
  }
  const family = parseAddress(to)?.family ?? 4;
  const source = from ?? (family === 4 ? "0.0.0.0" : "::");
  if (parseAddress(source)?.family !== family) {
    throw new UsageError(`--from ${source} is not an IPv${family} address, as --to is`);
  }
  const protocol = proto ?? (port === undefined ? "icmp" : "tcp");
  if (port !== undefined && !withPorts.has(protocol)) throw new UsageError(`--port: ${protocol} has none`);
  return { source, destination: to, protocol: protocol.toUpperCase(), port };
}
