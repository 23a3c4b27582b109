/** Which class a pod's traffic is in: its annotation, then the classes' podSelectors, then `defaults.class`. Pure. */
import { CniError, ErrorCode } from "../../errors.ts";
import type { Labels } from "../../cni/request.ts";
import type { Found } from "../annotations.ts";
import { matches } from "../selector.ts";
import type { Uplink, UplinkClass } from "./uplink.ts";

export type ClassWish = {
  readonly annotation: Found | undefined;
  readonly labels: Labels | undefined;
  /** The conf's `defaults.class`. */
  readonly fallback: string | undefined;
};

export type Choice = { readonly chosen: UplinkClass; readonly source: string };

export function chooseClass({ classes }: Uplink, { annotation, labels, fallback }: ClassWish): Choice {
  const byDefault = fallback === undefined ? undefined : named(classes, "defaults.class", fallback);
  if (annotation !== undefined) return named(classes, `annotation ${annotation.key}`, annotation.text);
  // A runtime that gives no labels leaves them unknown, and even a selector that takes every pod is about labels.
  const selecting =
    labels && classes.find(({ selector }) => selector !== undefined && matches(selector, labels, true));
  if (selecting !== undefined) {
    return { chosen: selecting, source: `uplink.classes.${selecting.name}.podSelector` };
  }
  const [first] = classes;
  if (byDefault !== undefined) return byDefault;
  if (first === undefined) throw new CniError(ErrorCode.internal, "an uplink without classes");
  return { chosen: first, source: "uplink.default" };
}

function named(classes: readonly UplinkClass[], source: string, name: string): Choice {
  const chosen = classes.find((candidate) => candidate.name === name);
  if (chosen !== undefined) return { chosen, source };
  throw new CniError(
    ErrorCode.invalidConfig,
    `${source}: there is no class ${JSON.stringify(name)}: uplink.classes has ${classes.map((each) => each.name).join(", ")}`,
  );
}
