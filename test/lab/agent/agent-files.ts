/** The files of a node's agent, as the agent writes them; the process of the test is the agent that lives. */
import { readFileSync, writeFileSync } from "node:fs";
import { upTime } from "../../../plugin/kernel/process.ts";
import type { KnownPod } from "../../../plugin/knowledge/pod.ts";
import type { Snapshot } from "../../../plugin/knowledge/snapshot.ts";
import { removeTurn, writeTurn } from "../../../plugin/state/live/agent.ts";
import { assertLivePlace } from "../../../plugin/state/live/place.ts";
import { removeKnownPod, writeKnownPod } from "../../../plugin/state/live/pods.ts";
import { writeSnapshot } from "../../../plugin/state/live/snapshot.ts";
import type { LabNode } from "../node/node.ts";

export interface AgentFiles {
  /** A turn of its loop. */
  readonly turn: () => void;
  /** It has hung for a minute. */
  readonly hang: () => void;
  readonly end: () => void;
  readonly pod: (pod: KnownPod) => void;
  readonly forget: (id: string) => void;
  readonly snapshot: (snapshot: Snapshot) => void;
  /** Rewrites one of them, by its name under live/. */
  readonly alter: (name: string, change: (text: string) => string) => void;
}

export const agentFiles = (node: LabNode, stateDir = "/run/pod-qos"): AgentFiles => {
  const place = node.path(stateDir);
  assertLivePlace(place);
  const alter: AgentFiles["alter"] = (name, change) => {
    const path = `${place}/live/${name}`;
    writeFileSync(path, change(readFileSync(path, "latin1")), "latin1");
  };
  return {
    turn: () => writeTurn(place, { followsPods: true }),
    hang: () => alter("agent.json", (text) => JSON.stringify({ ...JSON.parse(text), uptime: upTime() - 60 })),
    end: () => removeTurn(place),
    pod: (pod) => writeKnownPod(place, pod),
    forget: (id) => removeKnownPod(place, id),
    snapshot: (snapshot) => writeSnapshot(place, snapshot),
    alter,
  };
};
