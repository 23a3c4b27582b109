/**
 * A node has one tree of classes per device, whatever networks share it: those must say the same. Pure.
 *
 * What stands may be changed by a network on its own; with several, by all of them: the first to say something new is
 * refused, and once the last has said it too it is true. Until then whoever says what stands goes on undisturbed. Each is
 * taken at its conf's words on the link as it is now: what "auto" comes to changes with the link, and is nobody's change of mind.
 */
import { CniError, ErrorCode } from "../../errors.ts";
import type { UplinkConf } from "../../cni/uplink.ts";
import type { UplinkClass } from "./class.ts";
import { decideUplink, type LinkFacts, type Uplink } from "./uplink.ts";
import { quantityText } from "./words.ts";

export type Declaration = {
  readonly network: string;
  readonly conf: UplinkConf;
  /** What it came to on the link when it was said. */
  readonly uplink: Uplink;
  /** Of what stands: classes that it had before and has no more. */
  readonly former?: readonly UplinkClass[];
};

/** `contrary`: those others that would have it otherwise, each as it comes to on this link. Those still heard forbid it. */
export type Agreement =
  | { readonly kind: "stands" }
  | { readonly kind: "is new"; readonly contrary: readonly Declaration[] };

/** `others`: what the other networks said last. */
export function agreement(
  mine: Declaration,
  standing: Declaration | undefined,
  others: readonly Declaration[],
  link: LinkFacts,
): Agreement {
  const contradicts = ({ uplink }: Declaration): boolean => differences(mine.uplink, uplink).length > 0;
  if (standing !== undefined && !contradicts(onLink(standing, link))) {
    return contradicts(standing) ? { kind: "is new", contrary: [] } : { kind: "stands" };
  }
  return {
    kind: "is new",
    contrary: others.map((declaration) => onLink(declaration, link)).filter(contradicts),
  };
}

export function contradiction(mine: Declaration, contrary: Declaration): CniError {
  return new CniError(
    ErrorCode.invalidConfig,
    `networks "${mine.network}" and "${contrary.network}" share the uplink ${mine.uplink.device} and must say the same of it`,
    differences(mine.uplink, contrary.uplink)
      .map(
        ({ field, mine: my, theirs }) =>
          `${field}: "${mine.network}" says ${my}, "${contrary.network}" says ${theirs}`,
      )
      .concat(
        `make their confs agree; what "${contrary.network}" says counts for a minute, and while it has pods on ${mine.uplink.device}`,
      )
      .join("\n"),
  );
}

/** A conf that cannot be on this link any more is not mine, which can: what it came to before shows where they differ. */
function onLink(declaration: Declaration, link: LinkFacts): Declaration {
  try {
    return { ...declaration, uplink: decideUplink(declaration.conf, link) };
  } catch (error) {
    if (error instanceof CniError) return declaration;
    throw error;
  }
}

export type Difference = { readonly field: string; readonly mine: string; readonly theirs: string };

/** Selectors may differ: which pods of a network are in a class is the network's own affair. */
export function differences(mine: Uplink, theirs: Uplink): readonly Difference[] {
  const [a, b] = [fields(mine), fields(theirs)];
  const names = [...new Set([...a.keys(), ...b.keys()])];
  return names.flatMap((field) => {
    const [my, their] = [a.get(field) ?? "nothing", b.get(field) ?? "nothing"];
    return my === their ? [] : [{ field, mine: my, theirs: their }];
  });
}

function fields({ rate, classes }: Uplink): ReadonlyMap<string, string> {
  return new Map([["rate", quantityText(rate)], ...classes.flatMap(classFields)]);
}

function classFields(entry: UplinkClass): readonly (readonly [string, string])[] {
  const { name, minor, rate, ceil, selector: _, namespaceSelector: __, ...rest } = entry;
  const values = { id: `1:${minor}`, rate: quantityText(rate), ceil: quantityText(ceil), ...rest };
  return Object.entries(values).flatMap(([key, value]) =>
    value === undefined
      ? []
      : [[`classes.${name}.${key}`, typeof value === "string" ? value : JSON.stringify(value)] as const],
  );
}
