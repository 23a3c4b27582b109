/** Networks of a lab node, each with an uplink of its own and pods on it, whose conf and objects are files. */
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import type { LabNode } from "../node/node.ts";
import { callPlugin, type CniVerb, type PluginResult } from "../plugin/plugin.ts";
import type { Pod } from "../node/pod.ts";
import { wirePod, type Wire } from "../node/wire.ts";
import { entryOf, objectsOf, type Input } from "./input.ts";

/** A network with its uplink; its pods are in the Kubernetes namespace of its name. */
export type Network = { readonly node: LabNode; readonly name: string; readonly device: string };

export type Seat = { readonly network: Network; readonly pod: Pod; readonly wire: Wire };

export const addNetwork = async (node: LabNode, name: string): Promise<Network> => {
  const device = `up${name}`;
  const script = 'ip link add "$1" type veth peer name "to$1"; ip link set "$1" up; ip link set "to$1" up';
  await node.exec("sh", ["-ec", script, "sh", device]);
  mkdirSync(node.path(policyDir(name)), { recursive: true });
  return { node, name, device };
};

export const addSeat = async (network: Network, name: string): Promise<Seat> => {
  const pod = await network.node.addPod(name);
  return { network, pod, wire: await wirePod(network.node, pod) };
};

/** As an editor writes it: beside its place, then renamed. What is as it was is not written. */
export const giveConf = (
  network: Network,
  before: Input | undefined,
  input: Input,
  hasFiles: boolean,
): void => {
  const text = confFile(network, input, hasFiles);
  if (before !== undefined && confFile(network, before, hasFiles) === text) return;
  put(network.node.path(`/etc/cni/net.d/10-${network.name}.conflist`), text);
};

export const giveManifests = ({ node, name }: Network, before: Input | undefined, input: Input): void => {
  const directory = node.path(policyDir(name));
  const had = before ? manifests(name, before) : new Map<string, string>();
  const has = manifests(name, input);
  for (const [file, text] of has) if (had.get(file) !== text) put(`${directory}/${file}`, text);
  for (const file of had.keys()) if (!has.has(file)) rmSync(`${directory}/${file}`);
};

export const takeAwayFiles = ({ node, name }: Network): void => {
  rmSync(node.path(`/etc/cni/net.d/10-${name}.conflist`), { force: true });
  const directory = node.path(policyDir(name));
  for (const file of readdirSync(directory)) rmSync(`${directory}/${file}`);
};

/** As a runtime calls for a pod, with the conf that it has loaded; `more` is what it says of the pod. */
export const callFor = (
  { network, pod, wire }: Seat,
  verb: CniVerb,
  input: Input,
  more: object,
  uid?: string,
  hasFiles = true,
): Promise<PluginResult> =>
  callPlugin(network.node, {
    command: verb,
    conf: {
      cniVersion: "1.1.0",
      name: network.name,
      ...entryOf(input, placeOf(network, hasFiles)),
      ...more,
      prevResult: { ...wire.prevResult, cniVersion: "1.1.0" },
    },
    containerId: pod.containerId,
    netns: pod.netns,
    ifname: "eth0",
    args: `K8S_POD_NAMESPACE=${network.name};K8S_POD_NAME=${pod.name}${uid === undefined ? "" : `;K8S_POD_UID=${uid}`}`,
  });

/** Takes the uplink from the node, as an operator does. */
export const removeUplink = async ({ node, device }: Network): Promise<void> => {
  const { exitCode, stdout, stderr } = await callPlugin(node, { argv: ["uplink", "remove", device] });
  if (exitCode !== 0) throw new Error(`uplink remove ${device}: ${stdout}${stderr}`);
};

const confFile = (network: Network, input: Input, hasFiles: boolean): string => {
  const entry = entryOf(input, placeOf(network, hasFiles));
  const text = JSON.stringify({ cniVersion: "1.1.0", name: network.name, plugins: [{ type: "ptp" }, entry] });
  return input.broken === "text" ? text.slice(0, -20) : text;
};

const placeOf = ({ name, device }: Network, hasFiles: boolean) => ({
  device,
  ...(hasFiles && { policyDir: policyDir(name) }),
});

/** The order of the files is not that of the names, so that who goes by it is found out. */
const manifests = (name: string, input: Input): ReadonlyMap<string, string> =>
  new Map(
    objectsOf(input, name).map(({ name: of, object }) => [
      `${of === "zeta" ? 1 : 2}-${of}.json`,
      JSON.stringify(object),
    ]),
  );

const put = (path: string, text: string): void => {
  const beside = `${path.slice(0, path.lastIndexOf("/"))}/../${path.slice(path.lastIndexOf("/") + 1)}.new`;
  writeFileSync(beside, text);
  renameSync(beside, path);
};

const policyDir = (name: string): string => `/run/policies/${name}`;
