/** What ovnkube-controller would write for a layer 3 network: a router, a switch per node, and a port per pod. */
import { mkdirSync, writeFileSync } from "node:fs";
import type { LabNode } from "../../lab/node/node.ts";
import type { Cluster } from "./cluster.ts";

export type Network = {
  readonly name: string;
  /** Second byte of its IPv4 addresses, `10.<net>.<subnet>.0/24`; in IPv6 `2001:db8:<net>:<subnet>::/64`. */
  readonly net: number;
  /** Before the iface-id of each of its ports; empty for the default network. */
  readonly prefix: string;
};

/** The default network, and that of the guide (seed 002) with its addresses. */
export const DEFAULT: Network = { name: "ovn-kubernetes", net: 244, prefix: "" };
export const STREAM: Network = { name: "ovn-stream", net: 245, prefix: "default.ovn.stream_" };

/** One subnet per node, numbered as in the guide. */
const SUBNETS = { worker: 4, worker2: 2 } as const;

export type Place = keyof typeof SUBNETS;

export async function createNetwork({ worker }: Cluster, network: Network): Promise<void> {
  const router = `${network.name}_router`;
  const switches = (["worker", "worker2"] as const).flatMap((place) => {
    const name = switchOf(network, place);
    const at = subnet(network, place);
    return [
      ["ls-add", name],
      ["lrp-add", router, `rtos-${name}`, mac(network, place, 1), `${at.v4}.1/24`, `${at.v6}::1/64`],
      ["lsp-add", name, `stor-${name}`],
      ["lsp-set-type", `stor-${name}`, "router"],
      ["lsp-set-addresses", `stor-${name}`, "router"],
      ["lsp-set-options", `stor-${name}`, `router-port=rtos-${name}`],
    ];
  });
  await nbctl(worker, [["lr-add", router], ...switches]);
}

/** The addresses of a pod's interface. */
export type Addresses = { readonly v4: string; readonly v6: string };

/** Makes the port of a pod in namespace default, and leaves its addresses where the plugin finds them. */
export async function createPort(
  cluster: Cluster,
  network: Network,
  place: Place,
  pod: string,
  host: number,
): Promise<Addresses> {
  const { v4, v6 } = subnet(network, place);
  const port = `${network.prefix}default_${pod}`;
  const own = { v4: `${v4}.${host}`, v6: `${v6}::${host}` };
  const address = mac(network, place, host);
  await nbctl(cluster.worker, [
    ["lsp-add", switchOf(network, place), port],
    ["lsp-set-addresses", port, `${address} ${own.v4} ${own.v6}`],
  ]);
  const isDefault = network.prefix === "";
  const routes = [
    `${isDefault ? "0.0.0.0/0" : `10.${network.net}.0.0/16`}@${v4}.1`,
    `${isDefault ? "::/0" : `2001:db8:${network.net}::/48`}@${v6}::1`,
  ];
  const folder = cluster[place].path("/run/ovn-pod-networks");
  mkdirSync(folder, { recursive: true });
  const addresses = `${own.v4}/24@${v4}.1 ${own.v6}/64@${v6}::1`;
  writeFileSync(
    `${folder}/${port}`,
    `mac=${address}\naddresses="${addresses}"\nroutes="${routes.join(" ")}"\n`,
  );
  return own;
}

function switchOf({ name }: Network, place: Place): string {
  return `${name}_${place}`;
}

function subnet({ net }: Network, place: Place): Addresses {
  return { v4: `10.${net}.${SUBNETS[place]}`, v6: `2001:db8:${net}:${SUBNETS[place]}` };
}

/** As ovn-kubernetes makes them: 0a:58 and the IPv4 address. */
function mac({ net }: Network, place: Place, host: number): string {
  const bytes = [0x0a, 0x58, 10, net, SUBNETS[place], host];
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/** One transaction. */
async function nbctl(node: LabNode, commands: readonly (readonly string[])[]): Promise<void> {
  await node.exec(
    "ovn-nbctl",
    commands.flatMap((command) => ["--", ...command]),
  );
}
