/** The run of a demo as an SVG picture for light and dark pages (pure). */
import { SCALE, type Sample } from "./bars.ts";

export interface Phase {
  readonly title: string;
  readonly note: string;
  readonly samples: readonly Sample[];
  readonly cap?: number;
}

/** Two rows of bars, one per direction; phases side by side; the cap as a dashed line where there is one. */
export const picture = (phases: readonly Phase[]): string => {
  const seconds = phases.reduce((total, { samples }) => total + samples.length, 0);
  const step = (WIDTH - LEFT - RIGHT - GAP * (phases.length - 1)) / seconds;
  let x = LEFT;
  const parts = phases.map((phase) => {
    const drawn = drawPhase(phase, x, step);
    x += step * phase.samples.length + GAP;
    return drawn;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="t">
<title id="t">${escape(describe(phases))}</title>
<style>${STYLE}</style>
<rect class="page" x="0.5" y="0.5" width="${WIDTH - 1}" height="${HEIGHT - 1}" rx="10"/>
${ROWS.map(({ label, top }) => axis(label, top)).join("\n")}
${parts.join("\n")}
</svg>
`;
};

const WIDTH = 860;
const HEIGHT = 400;
const LEFT = 62;
const RIGHT = 24;
const GAP = 22;
const ROW_HEIGHT = 112;

const ROWS = [
  { key: "fromPod", label: "from the pod", top: 92 },
  { key: "toPod", label: "to the pod", top: 252 },
] as const;

const STYLE = `
  text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328 }
  .page { fill: #ffffff; stroke: #d1d9e0 }
  .title { font-weight: 600; font-size: 15px }
  .soft { fill: #59636e; font-size: 12px }
  .value { fill: #ffffff; font-size: 12px; font-weight: 600; text-anchor: middle }
  .fromPod { fill: #2f81b7 } .toPod { fill: #8250a8 }
  .grid { stroke: #d1d9e0; stroke-width: 1 }
  .cap { stroke: #bc4c00; stroke-width: 2; stroke-dasharray: 6 4 }
  .capword { fill: #bc4c00; font-size: 12px; font-weight: 600; text-anchor: end }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .page { fill: #0d1117; stroke: #3d444d } .soft { fill: #9198a1 }
    .fromPod { fill: #58a6d6 } .toPod { fill: #b48bd9 } .grid { stroke: #3d444d }
    .value { fill: #0d1117 } .cap { stroke: #f0883e } .capword { fill: #f0883e }
  }
`;

const axis = (label: string, top: number): string =>
  [
    `<text class="soft" x="${LEFT}" y="${top - 12}">${label}, Mbit/s at the receiver</text>`,
    ...[0, 50, 100].map((value) => {
      const y = height(value, top);
      return `<text class="soft" x="${LEFT - 8}" y="${y + 4}" text-anchor="end">${value}</text><line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}"/>`;
    }),
  ].join("\n");

const drawPhase = ({ title, note, samples, cap }: Phase, x: number, step: number): string => {
  const end = x + step * samples.length;
  const rows = ROWS.map(({ key, top }) => {
    const bars = samples.map((sample, second) => bar(key, sample[key], x + step * second, step, top));
    return [...bars, ...(cap === undefined ? [] : [capLine(cap, x, end, top)])].join("\n");
  });
  return [
    `<text class="title" x="${x}" y="34">${escape(title)}</text>`,
    `<text class="soft" x="${x}" y="54">${escape(note)}</text>`,
    ...rows,
    `<text class="soft" x="${x}" y="${HEIGHT - 14}">second 1 to ${samples.length}</text>`,
  ].join("\n");
};

const bar = (key: string, mbit: number, x: number, step: number, top: number): string => {
  const y = height(mbit, top);
  const width = step - 6;
  return `<rect class="${key}" x="${fixed(x + 3)}" y="${fixed(y)}" width="${fixed(width)}" height="${fixed(top + ROW_HEIGHT - y)}" rx="2"/><text class="value" x="${fixed(x + step / 2)}" y="${fixed(y + 16)}">${mbit.toFixed(0)}</text>`;
};

const capLine = (cap: number, x: number, end: number, top: number): string => {
  const y = height(cap, top);
  return `<line class="cap" x1="${fixed(x)}" x2="${fixed(end)}" y1="${fixed(y)}" y2="${fixed(y)}"/><text class="capword" x="${fixed(end)}" y="${fixed(y - 8)}">cap ${cap}</text>`;
};

const height = (mbit: number, top: number): number => top + ROW_HEIGHT * (1 - Math.min(mbit, SCALE) / SCALE);

const fixed = (value: number): string => value.toFixed(1);

const describe = (phases: readonly Phase[]): string =>
  `Throughput of a pod second by second: ${phases.map(({ title, note }) => `${title} (${note})`).join(", ")}.`;

const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
