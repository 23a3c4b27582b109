/** The run of the second act as an SVG picture for light and dark pages (pure). */
import type { Share } from "./share-bars.ts";
import type { Timeline } from "./uplink-act.ts";

export interface Link {
  readonly rate: number;
  readonly bulk: number;
}

/** Seconds to the right, Mbit/s upwards, bulk upon user: where they touch the line, the link is full. */
export const timeline = ({ shares, userFrom, userTo }: Timeline, link: Link): string => {
  const x = (second: number): number => LEFT + ((WIDTH - LEFT - RIGHT) * second) / shares.length;
  const y = (mbit: number): number => TOP + ROOM * (1 - mbit / (link.rate * 1.15));
  const users = area(
    shares,
    x,
    y,
    () => 0,
    ({ user }) => user,
  );
  const bulks = area(
    shares,
    x,
    y,
    ({ user }) => user,
    ({ user, bulk }) => user + bulk,
  );
  const words = [
    [x(userFrom / 2), "bulk alone: it borrows the whole link"],
    [x((userFrom + userTo) / 2), `beside a user: bulk keeps its ${link.bulk}M`],
    [x((userTo + shares.length) / 2), "the user is gone: bulk climbs back"],
  ] as const;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="t">
<title id="t">Two classes on one uplink, second by second: bulk borrows the idle link, yields to a user, climbs back.</title>
<style>${STYLE}</style>
<rect class="page" x="0.5" y="0.5" width="${WIDTH - 1}" height="${HEIGHT - 1}" rx="10"/>
<text class="title" x="${LEFT}" y="30">A node's uplink of ${link.rate} Mbit/s</text>
<rect class="user" x="${LEFT + 290}" y="19" width="12" height="12" rx="2"/><text x="${LEFT + 308}" y="30">user, default class</text>
<rect class="bulk" x="${LEFT + 450}" y="19" width="12" height="12" rx="2"/><text x="${LEFT + 468}" y="30">bulk-seed</text>
${[0, 50, 100].map((percent) => tick((link.rate * percent) / 100, y)).join("\n")}
<path class="user" d="${users}"/>
<path class="bulk" d="${bulks}"/>
<line class="link" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${fixed(y(link.rate))}" y2="${fixed(y(link.rate))}"/>
${words.map(([at, text]) => `<text class="soft" x="${fixed(at)}" y="${HEIGHT - 34}" text-anchor="middle">${text}</text>`).join("\n")}
${shares.map((_, second) => `<text class="soft" x="${fixed(x(second + 0.5))}" y="${HEIGHT - 14}" text-anchor="middle">${second + 1}</text>`).join("\n")}
</svg>
`;
};

const WIDTH = 860;
const HEIGHT = 330;
const LEFT = 62;
const RIGHT = 24;
const TOP = 44;
const ROOM = 228;

const STYLE = `
  text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328 }
  .page { fill: #ffffff; stroke: #d1d9e0 }
  .title { font-weight: 600; font-size: 15px }
  .soft { fill: #59636e; font-size: 12px }
  .user { fill: #2f81b7 } .bulk { fill: #8250a8 }
  .grid { stroke: #d1d9e0; stroke-width: 1 }
  .link { stroke: #bc4c00; stroke-width: 2; stroke-dasharray: 6 4 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .page { fill: #0d1117; stroke: #3d444d } .soft { fill: #9198a1 }
    .user { fill: #58a6d6 } .bulk { fill: #b48bd9 } .grid { stroke: #3d444d } .link { stroke: #f0883e }
  }
`;

type Place = (value: number) => number;
type Height = (share: Share) => number;

/** A step for each second, from the lower edge to the upper one. */
const area = (shares: readonly Share[], x: Place, y: Place, low: Height, high: Height): string => {
  const edge = (height: Height) =>
    shares.flatMap((share, second) =>
      [second, second + 1].map((at) => `${fixed(x(at))},${fixed(y(height(share)))}`),
    );
  return `M${[...edge(high), ...edge(low).toReversed()].join(" L")} Z`;
};

const tick = (mbit: number, y: Place): string =>
  `<text class="soft" x="${LEFT - 8}" y="${fixed(y(mbit) + 4)}" text-anchor="end">${mbit}</text>` +
  `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${fixed(y(mbit))}" y2="${fixed(y(mbit))}"/>`;

const fixed = (value: number): string => value.toFixed(1);
