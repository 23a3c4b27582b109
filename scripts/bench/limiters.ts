/** Who is compared under load. Pure. */

/** Who limits, and the conf it gets; to compare with another one, add a row. Rates in bit/s, bursts in bits. */
export type Limiter = {
  readonly subject: string;
  /** Its name among the lab's peers; undefined is the executable under test. */
  readonly plugin?: string;
  readonly conf: (rate: number) => Readonly<Record<string, unknown>>;
};

export const limiters: readonly Limiter[] = [
  // What every pod with the annotations gets: containerd fills the burst in.
  { subject: "pod-qos", conf: (rate) => runtimeCaps(rate, 2 ** 32 - 1) },
  { subject: "bandwidth", plugin: "bandwidth", conf: (rate) => runtimeCaps(rate, 2 ** 32 - 1) },
  // What it can do where an operator writes the burst by hand.
  { subject: "bandwidth, tuned", plugin: "bandwidth", conf: (rate) => runtimeCaps(rate, rate / 10) },
];

const runtimeCaps = (rate: number, burst: number) => ({
  runtimeConfig: {
    bandwidth: { ingressRate: rate, ingressBurst: burst, egressRate: rate, egressBurst: burst },
  },
});
