/** Pods that change between two words: their mark by the label "voice", their caps by annotations. */
import { policy } from "../agent/followed.ts";

export type Word = "yes" | "no";

export const DSCP = { yes: 46, no: 10 } as const;

/** Bits per second. */
export const RATE = { yes: 20e6, no: 40e6 } as const;

export const capsOf = (word: Word) => ({
  "kubernetes.io/egress-bandwidth": `${RATE[word]}`,
  "kubernetes.io/ingress-bandwidth": `${RATE[word]}`,
});

export const marksByVoice = policy("EgressQoS", "default", {
  egress: (["yes", "no"] as const).map((voice) => ({
    dscp: DSCP[voice],
    podSelector: { matchLabels: { voice } },
  })),
});
