/**
 * A node has one tree of classes per device, whatever networks share it: those must say the same. Pure.
 *
 * What stands may be changed by a network on its own; with several, by all of them: the first to say something new is
 * refused, and once the last has said it too it is true. Until then whoever says what stands goes on undisturbed.
 */
import { CniError, ErrorCode } from "../../errors.ts";
import type { Uplink, UplinkClass } from "./uplink.ts";
import { inWords } from "./words.ts";

export type Said = { readonly network: string; readonly uplink: Uplink };

/** `others`: what the other networks said last. Refused where one of them contradicts something new. */
export function settleWith(
  mine: Said,
  standing: Said | undefined,
  others: readonly Said[],
): "stands" | "is new" {
  if (standing !== undefined && differences(mine.uplink, standing.uplink).length === 0) return "stands";
  const contrary = others.find(({ uplink }) => differences(mine.uplink, uplink).length > 0);
  if (contrary === undefined) return "is new";
  throw new CniError(
    ErrorCode.invalidConfig,
    `networks "${mine.network}" and "${contrary.network}" share the uplink ${mine.uplink.device} and must say the same of it`,
    differences(mine.uplink, contrary.uplink)
      .map(
        ({ field, mine: my, theirs }) =>
          `${field}: "${mine.network}" says ${my}, "${contrary.network}" says ${theirs}`,
      )
      .concat(
        `make their confs agree; if "${contrary.network}" is no more: pod-qos uplink remove ${mine.uplink.device}`,
      )
      .join("\n"),
  );
}

export type Difference = { readonly field: string; readonly mine: string; readonly theirs: string };

/** podSelectors may differ: which pods of a network are in a class is the network's own affair. */
export function differences(mine: Uplink, theirs: Uplink): readonly Difference[] {
  const [a, b] = [fields(mine), fields(theirs)];
  const names = [...new Set([...a.keys(), ...b.keys()])];
  return names.flatMap((field) => {
    const [my, their] = [a.get(field) ?? "nothing", b.get(field) ?? "nothing"];
    return my === their ? [] : [{ field, mine: my, theirs: their }];
  });
}

function fields({ rate, classes }: Uplink): ReadonlyMap<string, string> {
  return new Map([["rate", inWords(rate)], ...classes.flatMap(classFields)]);
}

function classFields(entry: UplinkClass): readonly (readonly [string, string])[] {
  const { name, minor, rate, ceil, selector: _, ...rest } = entry;
  const values = { id: `1:${minor}`, rate: inWords(rate), ceil: inWords(ceil), ...rest };
  return Object.entries(values).flatMap(([key, value]) =>
    value === undefined
      ? []
      : [[`classes.${name}.${key}`, typeof value === "string" ? value : JSON.stringify(value)] as const],
  );
}
