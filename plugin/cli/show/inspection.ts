/** One attachment in full, as `show POD` prints it. Pure. */
import type { LabelSource } from "../../knowledge/knowledge.ts";
import type { Inspection } from "../../report/inspection.ts";
import type { Step } from "../../report/step.ts";
import { labelSourceOf } from "../../report/names.ts";
import { printable, wrapped } from "../../plain-text.ts";
import type { LimitSource } from "../../state/record.ts";
import { amount } from "./text.ts";

export function inspectText({ pod, record, objects, counters, step, drift: faults }: Inspection): string {
  const { identity, facts, membership, limits, sources } = record;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["network", identity.network],
    ["container", identity.containerId],
    ["namespace", record.netns],
    ["link", facts && `${facts.podLink.kind}, MTU ${facts.podLink.mtu}`],
    ["node's end", facts?.hostEnd?.name ?? facts?.hostEndRefusal],
    ["sends", limits?.egress === undefined ? undefined : atMost(limits.egress, sources?.egress)],
    ["receives", limits?.ingress === undefined ? undefined : atMost(limits.ingress, sources?.ingress)],
    ["so far", traffic(counters)],
    ["mark", limits?.dscp === undefined ? undefined : `DSCP ${limits.dscp}${by(sources?.dscp)}`],
    ["rules", limits === undefined || limits.rules === 0 ? undefined : String(limits.rules)],
    ["labels", labelWords[labelSourceOf(record)]],
    ["pending", record.pending],
    stepRow(step),
    ["class", membership && `${membership.class} of ${membership.device}${by(sources?.class)}`],
    ...(membership?.members ?? []).map(
      ({ set, address }) => ["member", `${address} in ipset ${set}`] as const,
    ),
    ...objects.map(({ place, object }) => [place === "pod" ? "in the pod" : "on the node", object] as const),
    ...(faults.length === 0
      ? [["state", "as it should be"] as const]
      : faults.map((fault) => ["UNHEALTHY", fault] as const)),
  ];
  const lines = rows.flatMap(([name, value]) =>
    value === undefined || value === ""
      ? []
      : [wrapped(printable(`  ${name.padEnd(12)} ${value}`), 0, { deeper: 15 })],
  );
  return [printable(`${pod} ${identity.ifname}`), ...lines].join("\n");
}

/** Whoever scans for trouble finds it in capitals. */
function stepRow({ state, reason }: Step): readonly [string, string] {
  switch (state) {
    case "in step":
      return ["requests", "in step: it has what is requested now"];
    case "unknown":
      return ["requests", "as they were when it was last decided: no agent is at work on this node"];
    case "pending":
      return ["PENDING", reason];
    case "failed":
      return ["FAILED", `${reason}; it keeps what it has`];
  }
}

function atMost(rate: number, from: LimitSource | undefined): string {
  const cut = from?.cutFrom;
  const was = cut === undefined ? "" : `, which cuts ${amount(cut.rate)}bit/s${by(cut.source)}`;
  return `at most ${amount(rate)}bit/s${by(from?.source)}${was}`;
}

function by(source: string | undefined): string {
  return source === undefined ? "" : ` by ${source}`;
}

const labelWords: Readonly<Record<LabelSource, string>> = {
  agent: "from the node's agent",
  stale: "from a node's agent that was not at work",
  runtime: "from the runtime",
  unknown: "not known",
};

function traffic({ sentBytes, receivedBytes, dropped }: Inspection["counters"]): string {
  const link =
    sentBytes === undefined || receivedBytes === undefined
      ? ""
      : `sent ${amount(sentBytes)}B, received ${amount(receivedBytes)}B, `;
  return `${link}dropped ${dropped} packets`;
}
