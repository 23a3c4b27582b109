/** What a check is: data, and a pure question to the facts. */
import type { Facts } from "./facts.ts";

export const categories = ["node", "runtime", "chain", "agent", "state", "uplink", "pods"] as const;
export type Category = (typeof categories)[number];

export type Check = {
  /** Stable: scripts and docs/doctor.md go by it. Its first word is the category. */
  readonly id: `${Category}-${string}`;
  /** What is so where it passes. */
  readonly wants: string;
  /** undefined: it is so. */
  readonly find: (facts: Facts) => Finding | undefined;
};

export type Finding = {
  /** "unseen": could not be looked at. */
  readonly grade: "warning" | "error" | "unseen";
  readonly says: string;
  /** A command for a shell on this node; undefined where no command mends it. */
  readonly mend?: string | undefined;
};

export function warning(says: string, mend?: string): Finding {
  return { grade: "warning", says, mend };
}

export function error(says: string, mend?: string): Finding {
  return { grade: "error", says, mend };
}

export function unseen(says: string, mend?: string): Finding {
  return { grade: "unseen", says, mend };
}

export function categoryOf({ id }: Check): Category {
  return id.slice(0, id.indexOf("-")) as Category;
}
