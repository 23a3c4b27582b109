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
