/** The caps that are measured: every pair of values once, or all of them with all. */

export interface CapRow {
  /** As the annotation has it. */
  readonly cap: "1M" | "20M" | "100M" | "1G";
  readonly direction: "egress" | "ingress";
  readonly enforce: "host" | "pod";
  readonly family: "v4" | "v6";
  readonly discipline: "shape" | "police";
  readonly mtu: number;
}

const row = (words: string): CapRow => {
  const [cap, direction, enforce, family, discipline = "shape", mtu = "1500"] = words.split(" ");
  return { cap, direction, enforce, family, discipline, mtu: Number(mtu) } as CapRow;
};

const pairs: readonly CapRow[] = [
  "1M egress host v4",
  "1M ingress pod v6",
  "20M egress pod v6",
  "20M ingress host v4",
  "100M egress host v6",
  "100M ingress pod v4",
  "1G egress pod v4",
  "1G ingress host v6",
].map(row);

/** A smaller set: what the discipline and the MTU change. */
const others: readonly CapRow[] = [
  "20M egress host v4 police",
  "20M ingress pod v6 police",
  "100M egress pod v4 police",
  "100M ingress host v6 police",
  "20M egress pod v4 shape 9000",
  "100M ingress host v6 shape 9000",
  "20M ingress host v4 shape 65535",
  "1G egress pod v6 shape 65535",
].map(row);

const product = (): readonly CapRow[] =>
  ["1M", "20M", "100M", "1G"].flatMap((cap) =>
    ["egress", "ingress"].flatMap((direction) =>
      ["host", "pod"].flatMap((enforce) =>
        ["v4", "v6"].map((family) => row(`${cap} ${direction} ${enforce} ${family}`)),
      ),
    ),
  );

export const capRows = (all: boolean): readonly CapRow[] =>
  all
    ? [...product(), ...product().map((each) => ({ ...each, discipline: "police" as const })), ...others]
    : [...pairs, ...others];

export const bitsOf = ({ cap }: CapRow): number => Number(cap.slice(0, -1)) * (cap.endsWith("G") ? 1e9 : 1e6);

/** The bucket the plugin fills on its own, in bits: what a first second may have above the cap. */
export const burstOf = (each: CapRow): number => {
  const gso = 68 * 1024 * 8;
  const frames = 2 * (each.mtu + 14) * 8;
  return each.discipline === "police"
    ? Math.max(bitsOf(each) * 0.2, gso)
    : Math.max(bitsOf(each) * 0.01, frames);
};
