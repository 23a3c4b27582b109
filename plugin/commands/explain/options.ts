/** The flags of `pod-qos explain`, and the files that they name, as what a runtime would have said. */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { interfaceNameFault } from "../../cni/call.ts";
import { isObject, type JsonObject } from "../../cni/fields.ts";
import { messageOf } from "../../errors.ts";
import { parseAddress } from "../../policy/address.ts";
import type { Packet } from "../../policy/model.ts";

export const linkKinds = ["veth", "ipvlan", "macvlan"] as const;
export const kernels = ["stock", "small"] as const;

export type Options = {
  /** The conf as the runtime would send it, with what it adds for the pod. */
  readonly document: JsonObject;
  readonly args: Readonly<Record<string, string>>;
  readonly ifname: string;
  readonly packet: Packet | undefined;
  readonly sourceIsGiven: boolean;
  /** What cannot be known without looking at a kernel. */
  readonly link: (typeof linkKinds)[number];
  readonly mtu: number;
  readonly kernel: (typeof kernels)[number];
  readonly json: boolean;
};

/** Something is wrong with the command line itself. */
export class UsageError extends Error {}

export async function readOptions(args: readonly string[]): Promise<Options> {
  const { values } = parse(args);
  const pod = await podFrom(values.pod);
  const annotations = await mapFrom("--annotations", values.annotations, pod.annotations);
  const labels = await mapFrom("--labels", values.labels, pod.labels);
  const namespace = values.namespace ?? pod.namespace;
  const name = values.name ?? pod.name;
  const ifname = values.interface;
  const fault = interfaceNameFault(ifname);
  if (fault !== undefined) throw new UsageError(`--interface ${fault}`);
  return {
    document: {
      ...(await confFrom(values.conf)),
      args: { cni: { labels } },
      runtimeConfig: { "io.kubernetes.cri.pod-annotations": annotations },
    },
    args: {
      ...(namespace === undefined ? {} : { K8S_POD_NAMESPACE: namespace }),
      ...(name === undefined ? {} : { K8S_POD_NAME: name }),
    },
    ifname,
    packet: packetFrom(values),
    sourceIsGiven: values.from !== undefined,
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

/** A conflist, of which our entry counts, or that entry alone. */
async function confFrom(path: string | undefined): Promise<JsonObject> {
  const bare = { cniVersion: "1.0.0", name: "podnet", type: "pod-qos" };
  if (path === undefined) return bare;
  const conf = await objectIn("--conf", path);
  if (!Array.isArray(conf["plugins"])) return { ...bare, ...conf };
  const ours = conf["plugins"].filter(isObject).filter(({ type }) => type === "pod-qos");
  const [entry] = ours;
  if (entry === undefined || ours.length > 1) {
    throw new UsageError(`--conf ${path} has ${ours.length} entries of type "pod-qos": one is needed`);
  }
  const { cniVersion = bare.cniVersion, name = bare.name } = conf;
  return { ...entry, cniVersion, name };
}

type PodFile = {
  readonly annotations: JsonObject | undefined;
  readonly labels: JsonObject | undefined;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
};

/** A Pod as kubectl prints it. */
async function podFrom(path: string | undefined): Promise<PodFile> {
  if (path === undefined)
    return { annotations: undefined, labels: undefined, namespace: undefined, name: undefined };
  const { metadata } = await objectIn("--pod", path);
  if (!isObject(metadata)) throw new UsageError(`--pod ${path} has no metadata: is it a Pod?`);
  const { annotations, labels, namespace, name } = metadata;
  return {
    annotations: isObject(annotations) ? annotations : undefined,
    // A Pod without labels has none; with no Pod they are not known.
    labels: isObject(labels) ? labels : {},
    namespace: typeof namespace === "string" ? namespace : "default",
    name: typeof name === "string" ? name : undefined,
  };
}

/** `key=value`, or a file with an object of them; later ones win. */
async function mapFrom(
  flag: string,
  given: readonly string[] | undefined,
  before: JsonObject | undefined,
): Promise<JsonObject | undefined> {
  if (given === undefined) return before;
  let all: JsonObject = before ?? {};
  for (const text of given) {
    const at = text.indexOf("=");
    all = { ...all, ...(at > 0 ? { [text.slice(0, at)]: text.slice(at + 1) } : await objectIn(flag, text)) };
  }
  return all;
}

async function objectIn(flag: string, path: string): Promise<JsonObject> {
  const { parseStructured } = await import("../../policy/structured-text.ts");
  const value = await parseStructured(`${flag} ${path}`, readText(flag, path)).catch((error: unknown) => {
    throw new UsageError(messageOf(error));
  });
  if (!isObject(value)) throw new UsageError(`${flag} ${path}: there is no object in it`);
  return value;
}

function readText(flag: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`${flag}: ${messageOf(error)}`);
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
  return {
    source,
    destination: to,
    protocol: (proto ?? (port === undefined ? "ICMP" : "TCP")).toUpperCase(),
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
