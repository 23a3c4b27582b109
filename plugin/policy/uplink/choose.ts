/** Which class a pod's traffic is in: its annotation, then the classes' podSelectors, then `defaults.class`. Pure. */
import type { UplinkConf } from "../../cni/uplink.ts";
import { CniError, ErrorCode } from "../../errors.ts";
import type { Labels } from "../../cni/request.ts";
import type { Request } from "../../cni/request.ts";
import type { Found } from "../annotations.ts";
import { hostAddress } from "../address.ts";
import { matches } from "../selector.ts";
import type { UplinkClass } from "./class.ts";
import type { LinkFacts, Uplink } from "./uplink.ts";

export type ClassWish = {
  readonly annotation: Found | undefined;
  readonly labels: Labels | undefined;
  /** The conf's `defaults.class`. */
  readonly fallback: string | undefined;
};

export type UplinkChoice = Choice & {
  readonly uplink: Uplink;
  /** The conf that it was decided from, and on what link. */
  readonly conf: UplinkConf;
  readonly link: LinkFacts & { readonly mtu: number };
};

/** A pod's class, once its wishes have been read: what the node knows of the link is in it already. */
export type ChooseClass = (wish: Found | undefined) => UplinkChoice;

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

/** What is let pass about a class, and should not stay so. */
export function classWarnings(
  { call: { ifname }, addresses }: Request,
  annotation: Found | undefined,
  uplink: UplinkChoice | undefined,
): readonly string[] {
  if (uplink === undefined) return annotation === undefined ? [] : [withoutUplink(ifname, annotation)];
  const { name, set } = uplink.chosen;
  const unusable = addresses.filter((address) => hostAddress(address) === undefined);
  if (set === undefined)
    return unusable.map((address) => `${isUnusable(ifname, address)}: class ${name} needs none`);
  const [first] = unusable;
  // Its traffic would be in no class, and nobody would see why.
  if (first !== undefined) {
    throw new CniError(
      ErrorCode.invalidConfig,
      `${isUnusable(ifname, first)}, and class ${name} knows its pods by address`,
      "the plugin before pod-qos that gives out addresses (its ipam) says so: it must give one such as 192.0.2.7/24",
    );
  }
  return addresses.length > 0
    ? []
    : [
        `class ${name} knows its pods by address, but prevResult has none of ${ifname}: its traffic is in no class`,
      ];
}

function isUnusable(ifname: string, address: string): string {
  return `prevResult.ips: ${JSON.stringify(address)} of ${ifname} is no address that a packet can have`;
}

/** A plain key speaks of every interface of the pod, and another network may have the uplink; of eth0 there is no other. */
function withoutUplink(ifname: string, { key, text }: Found): string {
  const message = `annotation ${key} is "${text}", but the conf of this network has no "uplink", so there are no classes`;
  if (ifname !== "eth0" && key.startsWith("pod-qos/")) return message;
  throw new CniError(ErrorCode.invalidConfig, message);
}

function named(classes: readonly UplinkClass[], source: string, name: string): Choice {
  const chosen = classes.find((candidate) => candidate.name === name);
  if (chosen !== undefined) return { chosen, source };
  throw new CniError(
    ErrorCode.invalidConfig,
    `${source}: there is no class ${JSON.stringify(name)}: uplink.classes has ${classes.map((each) => each.name).join(", ")}`,
  );
}
