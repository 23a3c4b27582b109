/** Pings between pods of the node, and the mark that each had where it arrived. */
import type { VmCluster } from "../../lab/cluster/vm-cluster.ts";

export type Ping = {
  readonly kind: "request" | "reply";
  readonly number: number;
  readonly tos: number;
  readonly seconds: number;
};

export type Pinged = {
  /** As they arrived at the other pod, and as the answers arrived here. */
  readonly requests: readonly Ping[];
  readonly replies: readonly Ping[];
  /** NaN before the end. */
  readonly sent: number;
};

export type Way = {
  /** Names of network namespaces. */
  readonly from: string;
  readonly to: string;
  readonly address: string;
  readonly ifname: string;
};

/** Five of them. */
export const pings = async (cluster: VmCluster, way: Way): Promise<Pinged> => {
  const under = await startPings(cluster, way, 0.3);
  await cluster.exec(["sleep", "2"]);
  return under.stop();
};

export type Pinging = { readonly seen: () => Promise<Pinged>; readonly stop: () => Promise<Pinged> };

/** One each `interval` seconds, until they are stopped. Both ends are watched. */
export const startPings = async (
  { exec }: VmCluster,
  { from, to, address, ifname }: Way,
  interval: number,
): Promise<Pinging> => {
  const folder = await exec(["mktemp", "-d"]);
  const watch = (netns: string, what: Ping["kind"]): string =>
    `ip netns exec ${netns} tcpdump -i ${ifname} -Q in --immediate-mode -nn -v -tt -l ${FILTERS[what]} >${folder}/${what} 2>${folder}/${what}.said & echo $! >>${folder}/pids`;
  await exec([
    "sh",
    "-c",
    `${watch(to, "request")}
${watch(from, "reply")}
until grep -q listening ${folder}/request.said && grep -q listening ${folder}/reply.said; do sleep 0.1; done
ip netns exec ${from} ping -i ${interval} ${address} >${folder}/ping 2>&1 & echo $! >${folder}/ping.pid`,
  ]);
  const read = async (): Promise<Pinged> => {
    const [requests = "", replies = "", ping = ""] = await Promise.all(
      ["request", "reply", "ping"].map((name) => exec(["cat", `${folder}/${name}`])),
    );
    const [, sent = "NaN"] = /(\d+) packets transmitted/.exec(ping) ?? [];
    return { requests: pingsIn(requests), replies: pingsIn(replies), sent: Number(sent) };
  };
  return {
    seen: read,
    stop: async () => {
      // What is on its way arrives first.
      const end = `kill -INT $(cat ${folder}/ping.pid); sleep 1; kill -INT $(cat ${folder}/pids); sleep 0.5`;
      await exec(["sh", "-c", end]);
      return read();
    },
  };
};

const FILTERS: Readonly<Record<Ping["kind"], string>> = {
  request: "'icmp[icmptype] == icmp-echo'",
  reply: "'icmp[icmptype] == icmp-echoreply'",
};

/** tcpdump -v has a packet in two lines. */
export const pingsIn = (text: string): readonly Ping[] =>
  [...text.matchAll(/^(\d+\.\d+) IP \(tos 0x([0-9a-f]+),.*\n.*ICMP echo (request|reply), .*seq (\d+)/gm)].map(
    ([, seconds, tos = "", kind, number]) => ({
      kind: kind === "reply" ? "reply" : "request",
      number: Number(number),
      tos: Number.parseInt(tos, 16),
      seconds: Number(seconds),
    }),
  );
