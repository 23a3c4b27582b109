/** The other side of drive.ts: a process on the lab node that calls the plugin's kernel code and reports. */
import { readFileSync, writeSync } from "node:fs";
import { plan } from "../../../plugin/datapath/plan.ts";
import { applyFresh, applyOver } from "../../../plugin/kernel/apply.ts";
import { run } from "../../../plugin/kernel/exec.ts";
import { readFeatures } from "../../../plugin/attachment/features.ts";
import { factsIn } from "../../../plugin/kernel/inspect.ts";
import { lookAtPod } from "../../../plugin/kernel/look.ts";
import { observe } from "../../../plugin/kernel/observe-in-turn.ts";
import { remove } from "../../../plugin/kernel/remove.ts";
import { drift } from "../../../plugin/program/program.ts";
import type { Order, Report, Steps } from "./drive.ts";
import { looking, withoutNoise } from "../node/exact-state.ts";

const order = JSON.parse(readFileSync(0, "utf8")) as Order;
const { netns, podName, ifname, interfaces, policy } = order;
const features = await readFeatures("/run/pod-qos", "forget");
const facts = factsIn(await lookAtPod({ netns, ifname }), { netns, ifname, interfaces }, features);
const identity = { network: "lab", containerId: "driven", ifname };
const programs = plan({ identity, policy, facts });

const perform = async (step: Steps[number]): Promise<readonly string[]> => {
  switch (step) {
    case "apply": {
      const { failures } = await applyFresh(programs, netns);
      return failures.map(({ error }) => error.message);
    }
    case "apply over": {
      const { failures } = await applyOver(programs, netns, programs);
      return failures.map(({ error }) => error.message);
    }
    case "drift":
      return drift(await observe(programs, netns));
    case "remove":
      return (await remove(programs, netns)).map(({ message }) => message);
    case "look":
      return [await look()];
  }
};

const look = async (): Promise<string> => {
  const { exitCode, stdout, stderr } = await run(["sh", ...looking(podName)], "");
  if (exitCode !== 0) throw new Error(`cannot look: ${stderr}`);
  return withoutNoise(stdout);
};

const outcomes: (readonly string[])[] = [];
for (const step of order.steps) outcomes.push(await perform(step));
const report: Report = { features, facts, programs, outcomes };
writeSync(1, JSON.stringify(report));
