/** What a verdict says in the object's status: OVN-Kubernetes' texts where there are any. Pure. */
import type { ObjectKind } from "../knowledge/compile.ts";
import { READY, ZONE, type Condition, type Wanted } from "./object-status.ts";
import type { Failure, Kind, Verdict, Zone } from "./sum.ts";
import type { QosObject } from "./view.ts";

/** By upstream's status_manager; ours must print the same. */
const texts: Readonly<Record<ObjectKind, { readonly applied: string; readonly failed: string }>> = {
  EgressQoS: { applied: "EgressQoS Rules applied", failed: "EgressQoS Rules not correctly applied" },
  NetworkQoS: {
    applied: "NetworkQoS Destinations applied",
    failed: "NetworkQoS Destinations not correctly applied",
  },
};

export function wantedOf(object: QosObject, verdict: Verdict): Wanted {
  const { text, ...head } = headOf(object.kind, verdict.kind);
  return {
    text,
    ready: { type: READY, ...head, message: messageOf(verdict), observedGeneration: object.generation },
    zones: verdict.zones.map((zone) => zoneCondition(object, zone)),
    alsoTrue: verdict.possible.map((kind) => headOf(object.kind, kind)),
  };
}

type Head = Pick<Condition, "status" | "reason"> & { readonly text: string };

function headOf(of: ObjectKind, kind: Kind): Head {
  const { applied, failed } = texts[of];
  switch (kind) {
    case "invalid":
      return { text: failed, status: "False", reason: "Invalid" };
    case "noAgent":
      return { text: "", status: "Unknown", reason: "NoAgent" };
    case "failed":
      return { text: failed, status: "False", reason: "Failed" };
    case "pending":
      return { text: "", status: "Unknown", reason: "Pending" };
    case "silent":
      return { text: "", status: "Unknown", reason: "NodeSilent" };
    case "applied":
      return { text: applied, status: "True", reason: "Applied" };
  }
}

function messageOf(verdict: Verdict): string {
  const { nodes } = verdict;
  switch (verdict.kind) {
    case "invalid":
      return verdict.fault;
    case "noAgent":
      return "no node has an agent that reports";
    case "failed": {
      const { failures } = verdict;
      const message = `not applied on ${failures.length} of ${count(nodes, "node")}: ${firstFailures(failures)}`;
      return message + rest(verdict);
    }
    case "pending": {
      const { waiting } = verdict;
      const message = `not yet applied on ${waiting.length} of ${count(nodes, "node")}: ${firstNodes(waiting)}`;
      return message + rest(verdict);
    }
    case "silent": {
      const { listed } = verdict;
      const whose =
        listed.length === 0
          ? "no agent has reported lately"
          : `${count(listed.length, "node")} with pods of it ${isOrAre(listed.length)} silent: ${firstNodes(listed)}`;
      return `${whose}; applied on ${appliedOn(verdict)}${withoutAgent(verdict)}`;
    }
    case "applied":
      return `applied on ${appliedOn(verdict)}${rest(verdict)}`;
  }
}

function appliedOn({ nodes, pods }: Verdict): string {
  return `${count(nodes, "node")}, ${count(pods, "pod")}`;
}

/** Who has no part in it. */
function rest(verdict: Verdict): string {
  const { silent } = verdict;
  const silence =
    silent.length === 0
      ? ""
      : `; ${count(silent.length, "node")} ${isOrAre(silent.length)} silent: ${firstNodes(silent)}`;
  return silence + withoutAgent(verdict);
}

function withoutAgent({ withoutAgent: without }: Verdict): string {
  return without === 0 ? "" : `; ${count(without, "node")} ${without === 1 ? "has" : "have"} no agent`;
}

const most = 5;

function firstFailures(failures: readonly Failure[]): string {
  const named = failures
    .slice(0, most)
    .map(({ node, message }) => (message === "" ? node : `${node}: ${message}`));
  return named.join("; ") + andMore(failures.length);
}

function firstNodes(nodes: readonly string[]): string {
  return nodes.slice(0, most).join(", ") + andMore(nodes.length);
}

function andMore(all: number): string {
  return all > most ? ` and ${all - most} more` : "";
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

function isOrAre(number: number): string {
  return number === 1 ? "is" : "are";
}

/** OVN-Kubernetes' per-node conditions. It has none for what is pending: ours says so. */
function zoneCondition({ kind, namespace, name, generation }: QosObject, zone: Zone): Condition {
  const head = { type: `${ZONE}${zone.node}`, observedGeneration: generation };
  switch (zone.state) {
    case "pending":
      return { ...head, status: "Unknown", reason: "Pending", message: "not yet applied" };
    case "applied":
      return kind === "EgressQoS"
        ? { ...head, status: "True", reason: "SetupSucceeded", message: "EgressQoS Rules applied" }
        : { ...head, status: "True", reason: "Success", message: "NetworkQoS was applied successfully" };
    case "failed":
      return kind === "EgressQoS"
        ? {
            ...head,
            status: "False",
            reason: "SetupFailed",
            message: `EgressQoS Rules not correctly applied: ${zone.message}`,
          }
        : {
            ...head,
            status: "False",
            reason: "Failed",
            message: `NetworkQoS ${namespace}/${name} - failed to reconcile, error details: ${zone.message}`,
          };
  }
}
