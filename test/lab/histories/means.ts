/** How the input of a pod's decision comes to the node: in files alone (by-api.ts: by the API). */
import { startAgent, type Agent } from "../agent/agent.ts";
import type { LabNode } from "../node/node.ts";
import type { CniVerb, PluginResult } from "../plugin/plugin.ts";
import { labelsOf, type Input, type Said } from "./input.ts";
import { callFor, giveConf, giveManifests, takeAwayFiles, type Seat } from "./site.ts";

export type Means = {
  /** What is as it was before is left as it is. */
  readonly give: (seat: Seat, before: Input | undefined, input: Input) => Promise<void>;
  /** What the pod itself says: a runtime repeats it with ADD. */
  readonly say: (seat: Seat, said: Said) => Promise<void>;
  readonly call: (seat: Seat, verb: CniVerb, input: Input, said: Said) => Promise<PluginResult>;
  readonly takeAway: (seat: Seat) => Promise<void>;
  /** So that ADD knows all by itself, with no agent at work. */
  readonly makeKnown: (node: LabNode) => Promise<void>;
  readonly start: (node: LabNode) => Promise<Agent>;
};

export const byFiles = (start: Means["start"] = (node) => startAgent(node)): Means => ({
  give: async (seat, before, input) => {
    giveConf(seat.network, before, input, true);
    giveManifests(seat.network, before, input);
  },
  say: async () => undefined,
  call: (seat, verb, input, said) => callFor(seat, verb, input, spokenFor(said)),
  takeAway: async (seat) => takeAwayFiles(seat.network),
  makeKnown: async () => undefined,
  start,
});

/** Labels come with ADD where a client of CNI knows them. */
export const spokenFor = (said: Said): object => ({
  args: { cni: { labels: labelsOf(said) } },
  ...annotated(said),
});

export const annotated = (said: Said): object => ({
  runtimeConfig: { "io.kubernetes.cri.pod-annotations": annotationsOf(said) },
});

export const annotationsOf = ({ cap }: Said): Readonly<Record<string, string>> =>
  cap === undefined ? {} : { "pod-qos/egress-bandwidth": cap };
