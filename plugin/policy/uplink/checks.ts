/** What classes of one uplink must not do to each other. Pure. */
import { ipv6Suffix } from "../../cni/uplink.ts";
import { CniError, ErrorCode } from "../../errors.ts";
import { markInWords, marksMatch } from "./mark.ts";
import type { UplinkClass } from "./class.ts";
import { quantityText } from "./words.ts";

/**
 * A class under its own rate is not held back by its parent: guarantees that add up to more than the link would overfill it,
 * and what each class got would be left to chance.
 */
export function assertGuaranteesFit(classes: readonly UplinkClass[], link: number): void {
  const sum = classes.reduce((total, { rate }) => total + rate, 0);
  if (sum <= link) return;
  const terms = classes.map(({ name, rate }) => `${name} ${quantityText(rate)}`).join(" + ");
  throw new CniError(
    ErrorCode.invalidConfig,
    `${overCommitted}: ${terms} = ${quantityText(sum)}, ` +
      `the link has ${quantityText(link)}: lower them by ${quantityText(sum - link)}, and let "ceil" say what a class may borrow`,
  );
}

/** Begins what is said of it, and of nothing else. */
export const overCommitted = "uplink.classes: the guaranteed rates add up to more than uplink.rate";

/** Traffic cannot be in two classes. */
export function assertDistinct(classes: readonly UplinkClass[]): void {
  for (const [at, one] of classes.entries()) {
    for (const other of classes.slice(0, at)) {
      const clash = clashOf(one, other);
      if (clash === undefined) continue;
      throw new CniError(
        ErrorCode.invalidConfig,
        `uplink.classes.${one.name}: ${clash} is taken by class ${other.name} already: give it another`,
      );
    }
  }
}

function clashOf(one: UplinkClass, other: UplinkClass): string | undefined {
  const set = familySets(one).find((name) => familySets(other).includes(name));
  if (set !== undefined) return `set "${set}"`;
  if (one.dscp !== undefined && one.dscp === other.dscp) return `dscp ${one.dscp}`;
  if (one.mark === undefined || other.mark === undefined) return undefined;
  const isAmbiguous = marksMatch(one.mark, other.mark) || marksMatch(other.mark, one.mark);
  return isAmbiguous ? `mark ${markInWords(one.mark)}` : undefined;
}

/** One for each family, so a name can also be another class's name with the ending of IPv6. */
function familySets({ set }: UplinkClass): readonly string[] {
  return set === undefined ? [] : [set, set + ipv6Suffix];
}
