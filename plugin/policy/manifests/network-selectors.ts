/** `networkSelectors` of a NetworkQoS. Pure. */
import * as z from "zod/mini";
import { selector } from "../label/read-selector.ts";
import type { Selector } from "../label/selector.ts";
import { readWithin } from "../text/read.ts";
import { once, refuse } from "../text/schema.ts";
import { networkTypes, type NetworkSelector } from "./manifest.ts";

type Type = (typeof networkTypes)[number];
type Parts = { readonly namespaceSelector?: Selector; readonly networkSelector?: Selector };

const most = 5;

const both = once((): z.ZodMiniType<Parts> =>
  z.strictObject({ namespaceSelector: selector(), networkSelector: filled() }),
);

/** Each type's own member, and what that member must have. */
const members: Readonly<
  Record<Exclude<Type, "DefaultNetwork">, readonly [string, () => z.ZodMiniType<Parts>]>
> = {
  ClusterUserDefinedNetworks: [
    "clusterUserDefinedNetworkSelector",
    once(() => z.strictObject({ networkSelector: filled() })),
  ],
  PrimaryUserDefinedNetworks: [
    "primaryUserDefinedNetworkSelector",
    once(() => z.strictObject({ namespaceSelector: selector() })),
  ],
  SecondaryUserDefinedNetworks: ["secondaryUserDefinedNetworkSelector", both],
  NetworkAttachmentDefinitions: ["networkAttachmentDefinitionSelector", both],
};
const allMembers = Object.values(members).map(([member]) => member);

export const networkSelectors = once((): z.ZodMiniType<readonly NetworkSelector[]> =>
  z.pipe(
    z.array(networkSelector()),
    z.transform((all, context): readonly NetworkSelector[] => {
      if (all.length === 0 || all.length > most) {
        return refuse(context, {
          sentence: `${all.length} entries are not valid: 1 to ${most}, or leave it out for every interface`,
        });
      }
      const twice = all.find(({ type }, at) => all.findIndex((other) => other.type === type) < at);
      if (twice === undefined) return all;
      return refuse(context, { allowed: "each networkSelectionType once", value: twice.type });
    }),
  ),
);

function networkSelector(): z.ZodMiniType<NetworkSelector> {
  return z.pipe(
    z.strictObject({
      networkSelectionType: z.enum(networkTypes),
      ...Object.fromEntries(allMembers.map((member) => [member, z.optional(z.unknown())])),
    }),
    z.transform((entry, context): NetworkSelector => {
      const { networkSelectionType: type } = entry;
      const given: Readonly<Record<string, unknown>> = entry;
      const wanted = type === "DefaultNetwork" ? undefined : members[type];
      const stray = allMembers.find((member) => isThere(given[member]) && member !== wanted?.[0]);
      if (stray !== undefined) {
        const takes = wanted?.[0] ?? "no selector";
        const sentence = `does not go with networkSelectionType ${type}, which takes ${takes}`;
        return refuse(context, { at: [stray], sentence });
      }
      if (wanted === undefined || type === "DefaultNetwork") return { type: "DefaultNetwork" };
      const [member, parts] = wanted;
      const { namespaceSelector = [], networkSelector: network = [] } = readWithin(
        context,
        member,
        given[member],
        parts(),
      );
      if (type !== "NetworkAttachmentDefinitions") return { type };
      return { type, namespaceSelector, networkSelector: network };
    }),
  );
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null;
}

const filled = once((): z.ZodMiniType<Selector> =>
  z.pipe(
    selector(),
    z.transform((requirements, context): Selector =>
      requirements.length > 0
        ? requirements
        : refuse(context, { allowed: "a label selector that is not empty" }),
    ),
  ),
);
