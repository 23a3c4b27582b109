import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync } from "node:fs";
import { ifbName } from "../../../plugin/datapath/names.ts";
import type { LabNode } from "../node/node.ts";
import type { Plug } from "./plug.ts";

/** The entries of whoever works, or worked and died. */
export const lockNames = (node: LabNode): readonly string[] =>
  existsSync(node.path(LOCKS)) ? readdirSync(node.path(LOCKS)) : [];

/** As a plugin of that process would have written it. */
export const lockAs = (pod: Plug, pid: number, startTime: string, more: object = {}): void => {
  const directory = pod.node.path(LOCKS);
  mkdirSync(directory, { recursive: true });
  const identity = { network: "lab", containerId: pod.pod.containerId, ifname: pod.ifname };
  const said = {
    pid,
    startTime,
    pidNamespace: readlinkSync("/proc/self/ns/pid"),
    bootId: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
    verb: "ADD",
    since: Number.parseFloat(readFileSync("/proc/uptime", "utf8")),
    ...more,
  };
  symlinkSync(JSON.stringify(said), `${directory}/${ifbName(identity)}.${pid}.${startTime}`);
};

/** More than any kernel numbers its processes. */
export const NOBODY = 4_194_304 + 1;

export const startTimeOf = (pid: number): string =>
  readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ")[19] ?? "";

const LOCKS = "/run/pod-qos/locks";
