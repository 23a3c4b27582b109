/** What is asked of the node while its pods run. */
import type { VmCluster } from "../../lab/cluster/vm-cluster.ts";
import type { AttachmentRecord } from "../../../plugin/state/record.ts";

/** One interface of a pod as the plugin has it recorded. */
export type Attached = { readonly record: AttachmentRecord; readonly netns: string };

/** By the pod's name. */
export const attachedAt = async (
  { exec }: VmCluster,
  ifname: string,
): Promise<Readonly<Record<string, Attached>>> => {
  const find = ["find", "/run/pod-qos/attachments", "-name", `*@${ifname}.json`];
  const all = await exec([...find, "-exec", "cat", "{}", ";", "-exec", "echo", SEPARATOR, ";"]);
  const records = all
    .split(SEPARATOR)
    .filter((text) => text.trim() !== "")
    .map((text) => JSON.parse(text) as AttachmentRecord);
  return Object.fromEntries(
    records.map((record) => [
      record.asked?.name ?? record.pod,
      { record, netns: record.netns.replace(/^.*\//, "") },
    ]),
  );
};

const SEPARATOR = "--end of record--";

export type Flow = {
  /** Where `iperf3 -c` runs, and where `iperf3 -s` does: names of network namespaces. */
  readonly client: string;
  readonly server: string;
  readonly address: string;
  readonly reverse: boolean;
};

/** Mbit/s as the receiver has them. */
export const speedOf = async (
  { exec }: VmCluster,
  { client, server, address, reverse }: Flow,
): Promise<number> => {
  const script = `
ip netns exec ${server} iperf3 -s -1 -B ${address} >/dev/null 2>&1 &
until
  ip netns exec ${client} iperf3 -c ${address} -t 4 -J -C cubic ${reverse ? "-R" : ""} >/tmp/flow
  grep -q sum_received /tmp/flow
do sleep 0.3; done
cat /tmp/flow`;
  const report = JSON.parse(await exec(["sh", "-c", script], 120_000)) as Report;
  return report.end.sum_received.bits_per_second / 1e6;
};

type Report = { readonly end: { readonly sum_received: { readonly bits_per_second: number } } };
