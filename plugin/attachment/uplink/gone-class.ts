/** A class that its uplink has no more: the packets of the pods that were in it go where no class is said. Pure. */
import type { UplinkClass } from "../../policy/uplink/class.ts";
import type { Membership } from "../../state/record.ts";

/** `classes`: all that the uplink has; undefined where nothing is known of the uplink. */
export function goneClass(
  { device, class: className }: Membership,
  classes: readonly Pick<UplinkClass, "name">[] | undefined,
): string | undefined {
  if (classes === undefined)
    return `no uplink ${device} is known any more: it was removed, or no record describes it`;
  return classes.some(({ name }) => name === className)
    ? undefined
    : `the uplink ${device} has no class ${className} any more`;
}
