/** How two classes share a link, a line a second (pure). */
import { paint } from "./paint.ts";

/** What left by the uplink in one second, in Mbit/s. */
export interface Share {
  readonly user: number;
  readonly bulk: number;
}

const WIDTH = 50;

export const shareHead = (link: number): string =>
  paint("dim", `  second   user  bulk  ${"the link".padEnd(WIDTH - 6)}${link}M`);

/** One bar for the link: the user's part, then bulk's, then what nobody wants. */
export const shareLine = (second: number, { user, bulk }: Share, link: number): string => {
  const cells = (mbit: number): number => Math.round((mbit / link) * WIDTH);
  const users = Math.min(cells(user), WIDTH);
  const bulks = Math.min(cells(user + bulk) - users, WIDTH - users);
  const idle = WIDTH - users - bulks;
  const bar =
    paint("from", "█".repeat(users)) + paint("to", "▓".repeat(bulks)) + paint("dim", "·".repeat(idle));
  return `  ${String(second).padStart(6)} ${user.toFixed(0).padStart(6)} ${bulk.toFixed(0).padStart(5)}  ${bar}`;
};
