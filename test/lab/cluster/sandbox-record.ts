import { globSync, readFileSync } from "node:fs";
import type { AttachmentRecord } from "../../../plugin/state/record.ts";
import type { LabNode } from "../node/node.ts";
import type { Sandbox } from "./sandbox.ts";

/** Of an interface of a sandbox, whatever its network is called. */
export const recordOfSandbox = (
  node: LabNode,
  { containerId }: Sandbox,
  ifname = "eth0",
): AttachmentRecord => {
  const [path = ""] = globSync(node.path(`/run/pod-qos/attachments/*/${containerId}@${ifname}.json`));
  return JSON.parse(readFileSync(path, "utf8")) as AttachmentRecord;
};
