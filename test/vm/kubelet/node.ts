/** What is asked of the node while its pods run. */
import { join } from "node:path";
import { execa } from "execa";
import { ROOT } from "../../../scripts/lab/cluster/programs.ts";
import { percentile } from "../../lab/measure/percentile.ts";
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

/** How many times as long as here a bare Node takes there, the same file. */
export const slownessOf = async ({ exec }: VmCluster): Promise<number> => {
  const there = secondsIn(await exec(["sh", "-ec", THREE_STARTS]));
  const { stdout } = await execa("sh", ["-ec", THREE_STARTS]);
  return there / secondsIn(stdout);
};

const NODE = join(ROOT, "node_modules/.bin/node");
const THREE_STARTS = `for i in 1 2 3; do date +%s.%N; NODE_OPTIONS= ${NODE} -e 0; done; date +%s.%N`;

/** The median of what lies between the times. */
const secondsIn = (times: string): number => {
  const all = times.split("\n").map(Number);
  const between = all.slice(1).map((time, at) => time - (all[at] ?? Number.NaN));
  return percentile(between, 50);
};
