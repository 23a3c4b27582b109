/** CAP_ARGS as containerd makes them from a pod's annotations. */
export const capArgsOf = (
  annotations: Readonly<Record<string, string>>,
): Readonly<Record<string, unknown>> => ({
  "io.kubernetes.cri.pod-annotations": annotations,
  ...bandwidthOf(annotations),
});

/** Capitalised keys, and the burst that means none was given: 2^32-1 bits. */
const bandwidthOf = (annotations: Readonly<Record<string, string>>): object => {
  const rates = ["Ingress", "Egress"].map((direction) => {
    const text = annotations[`kubernetes.io/${direction.toLowerCase()}-bandwidth`];
    return { direction, rate: text === undefined ? 0 : megabits(text) };
  });
  if (rates.every(({ rate }) => rate === 0)) return {};
  const members = rates.flatMap(({ direction, rate }) => [
    [`${direction}Rate`, rate],
    [`${direction}Burst`, rate === 0 ? 0 : 2 ** 32 - 1],
  ]);
  return { bandwidth: Object.fromEntries(members) as object };
};

const megabits = (text: string): number => {
  const [, amount] = /^(\d+)M$/.exec(text) ?? [];
  if (amount === undefined) throw new Error(`the tests write rates as 50M, not ${text}`);
  return Number(amount) * 1e6;
};
