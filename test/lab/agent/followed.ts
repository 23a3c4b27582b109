/** What the tests of all that is followed share: changes that can be taken back, what they say, and what an interface has then. */
import { isDeepStrictEqual } from "node:util";
import { expect } from "vitest";
import type { AttachmentRecord } from "../../../plugin/state/record.ts";
import { until } from "./agent.ts";

/** By an interface's record. */
export type Has = {
  readonly egress?: number;
  readonly ingress?: number;
  readonly dscp?: number;
  readonly rules: number;
  readonly class?: string;
};

/** What is more or other than before. */
export type Expected = { readonly eth0?: Partial<Has>; readonly net1?: Partial<Has> };

export type Change = { readonly make: () => Promise<unknown>; readonly undo: () => Promise<unknown> };

/** What it is called, what is done, and what the pods have then. */
export type Row = readonly [what: string, change: Change, expected: Expected];

/** The records of a pod's interfaces. */
export type Records = { readonly eth0: AttachmentRecord; readonly net1: AttachmentRecord };

export const both = (one: Partial<Has>): Expected => ({ eth0: one, net1: one });

/** The first is there before and after. */
export const given = (ground: Change, change: Change): Change => ({
  make: () => ground.make().then(change.make),
  undo: () => change.undo().finally(ground.undo),
});

/** Made as the first, then edited to the second. */
export const edited = (before: Change, after: Change): Change => ({
  make: () => before.make().then(after.make),
  undo: before.undo,
});

/**
 * Makes each change, sees it, lets `check` look at one pod after the other, and takes it back. What fails is named by its row, and
 * taken back as far as it goes: a second try begins as the first.
 */
export const followAll = async (
  rows: readonly Row[],
  pods: () => readonly Records[],
  check: (pod: number) => Promise<void>,
): Promise<void> => {
  for (const [row, [what, { make, undo }, expected]] of rows.entries()) {
    try {
      await make();
      await become(pods, expected);
      await check(row % pods().length);
      await undo();
      await become(pods, {});
    } catch (error) {
      await undo().catch(() => undefined);
      throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }
};

/** All pods; on failure with what they have. */
export const become = async (pods: () => readonly Records[], expected: Expected): Promise<void> => {
  const now = () => pods().map(({ eth0, net1 }) => ({ eth0: hasOf(eth0), net1: hasOf(net1) }));
  const wanted = pods().map(() => ({
    eth0: { ...untouched.eth0, ...expected.eth0 },
    net1: { ...untouched.net1, ...expected.net1 },
  }));
  await until("all pods", () => isDeepStrictEqual(now(), wanted), 20_000).catch(() => undefined);
  expect(now()).toEqual(wanted);
};

const untouched = { eth0: { rules: 0, class: "rest" }, net1: { rules: 0 } } as const;

const hasOf = ({ limits, membership, unfinished }: AttachmentRecord): Partial<Has> => ({
  ...limits,
  ...(membership && { class: membership.class }),
  // It lists the old as well, for as long as the kernel may have some of it.
  ...(unfinished && { unfinished }),
});

export const policy = (kind: "EgressQoS" | "NetworkQoS", namespace: string, spec: object): object => ({
  apiVersion: kind === "EgressQoS" ? "k8s.ovn.org/v1" : "k8s.ovn.org/v1alpha1",
  kind,
  metadata: { name: "default", namespace },
  spec,
});

export const app = (value: string) => ({ matchLabels: { app: value } });

/** Spec of an EgressQoS. */
export const marking = (dscp: number, podSelector: object = {}) => ({ egress: [{ dscp, podSelector }] });

/** Spec of a NetworkQoS with so many rules. */
export const ruling = (rules: number, more: object = {}) => ({
  priority: 10,
  podSelector: {},
  egress: Array.from({ length: rules }, (_, at) => ({
    dscp: 20 + at,
    classifier: { ports: [{ protocol: "TCP", port: 443 + at }] },
  })),
  ...more,
});

export const onNetworks = (networkSelector: object, namespaceSelector: object = {}) => ({
  networkSelectors: [
    {
      networkSelectionType: "NetworkAttachmentDefinitions",
      networkAttachmentDefinitionSelector: { namespaceSelector, networkSelector },
    },
  ],
});

export const fast = { matchLabels: { speed: "fast" } };

const inTier = (tier: string) => ({ podSelector: { matchLabels: { tier } } });

/** An uplink of classes for labels; on a link without traffic. */
export const uplinkWith = (more: object = {}) => ({
  device: "up0",
  rate: "1G",
  default: "rest",
  classes: {
    rest: { rate: "100M" },
    bulk: { rate: "100M", ...inTier("bulk") },
    gold: { rate: "100M", ...inTier("gold") },
    team: { rate: "100M", namespaceSelector: { matchLabels: { team: "a" } } },
    ...more,
  },
});
