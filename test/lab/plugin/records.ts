import { readFileSync } from "node:fs";
import type { AttachmentRecord } from "../../../plugin/state/record.ts";
import type { LabNode } from "../node/node.ts";
import type { Plug } from "./plug.ts";

/** Where the record of a plug is, as the test itself finds the file. */
export const recordPathOf = ({ node, pod, ifname, conf }: RecordOwner): string =>
  node.path(`/run/pod-qos/attachments/${String(conf["name"])}/${pod.containerId}@${ifname}.json`);

export type RecordOwner = Pick<Plug, "node" | "pod" | "ifname" | "conf">;

export const readRecordAt = (node: LabNode, network: string, containerId: string): AttachmentRecord =>
  JSON.parse(
    readFileSync(node.path(`/run/pod-qos/attachments/${network}/${containerId}@eth0.json`), "utf8"),
  ) as AttachmentRecord;

export const readRecordOf = (pod: Plug): AttachmentRecord =>
  JSON.parse(readFileSync(recordPathOf(pod), "utf8")) as AttachmentRecord;
