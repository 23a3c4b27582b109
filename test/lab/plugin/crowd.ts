import type { LabNode } from "../node/node.ts";
import type { Pod } from "../node/pod.ts";

/** One interface of a pod, and what a primary plugin would have said of it. */
export interface Stall {
  readonly pod: Pod;
  readonly ifname: string;
  readonly prevResult: object;
}

/** So many pods with a process each and so many veths each, with an address of both families. Quickly: one `ip` for all. */
export const crowd = async (node: LabNode, pods: number, each: number): Promise<readonly Stall[]> => {
  const stalls: (Stall & { readonly lines: readonly string[] })[] = [];
  const inside: string[] = [];
  for (let at = 0; at < pods; at += 1) {
    const pod = await node.addPod();
    // Ends with the node.
    pod.start("sleep", ["900"], { timeoutMs: 900_000 });
    for (let link = 0; link < each; link += 1) {
      const [host, ifname] = [`crowd${at}x${link}`, `eth${link}`];
      const ips = [`198.51.${at}.${link}/32`, `2001:db8:${at}::${link + 1}/128`];
      const lines = [
        `link add ${host} type veth peer name ${ifname} netns ${pod.name}`,
        `link set ${host} up`,
      ];
      inside.push(`ip -n ${pod.name} link set ${ifname} up`);
      const interfaces = [{ name: host }, { name: ifname, sandbox: pod.netns }];
      const answered = ips.map((address) => ({ interface: 1, address }));
      stalls.push({ pod, ifname, lines, prevResult: { cniVersion: "1.1.0", interfaces, ips: answered } });
    }
  }
  const input = stalls.flatMap(({ lines }) => lines.map((line) => `${line}\n`)).join("");
  await node.exec("ip", ["-batch", "-"], { input });
  await node.exec("sh", ["-ec", inside.join("\n")]);
  return stalls;
};
