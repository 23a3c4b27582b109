import { fileURLToPath } from "node:url";
import type { Facts, Features } from "../../../plugin/datapath/driver.ts";
import type { Policy } from "../../../plugin/policy/policy.ts";
import type { Program } from "../../../plugin/program/program.ts";
import type { Plug } from "./plug.ts";

/** What the plugin's own kernel code is told to do on a lab node, without commands, records or the executable. */
export type Steps = readonly ("apply" | "apply over" | "drift" | "remove" | "look")[];

export type Order = {
  readonly policy: Policy;
  readonly netns: string;
  readonly podName: string;
  readonly ifname: string;
  readonly interfaces: readonly { readonly name: string; readonly sandbox: string }[];
  readonly steps: Steps;
};

export type Report = {
  readonly features: Features;
  readonly facts: Facts;
  readonly programs: readonly Program[];
  /** Per step: the sentences it ended with, none where all went well; of a look the exact state of node and pod. */
  readonly outcomes: readonly (readonly string[])[];
};

/** Runs the steps in a process on the node, since kernel code works on the namespace it is in. */
export const drive = async (plug: Plug, policy: Policy, ...steps: Steps): Promise<Report> => {
  const order: Order = {
    policy,
    netns: plug.pod.netns,
    podName: plug.pod.name,
    ifname: plug.ifname,
    interfaces: [
      { name: plug.nodeDevice, sandbox: "" },
      { name: plug.ifname, sandbox: plug.pod.netns },
    ],
    steps,
  };
  const { stdout } = await plug.node.exec(process.execPath, [script], { input: JSON.stringify(order) });
  return JSON.parse(stdout) as Report;
};

const script = fileURLToPath(new URL("driven.ts", import.meta.url));
