/** NetworkQoS, k8s.ovn.org/v1alpha1: held to what its CRD says, properly anchored. Pure. */
import * as z from "zod/mini";
import type { JsonObject } from "../../cni/fields.ts";
import { selector } from "../label/read-selector.ts";
import { ruleLists, ruleOf } from "../rule/rules.ts";
import { read } from "../text/read.ts";
import { once, whole } from "../text/schema.ts";
import { atMost } from "./egress-qos.ts";
import type { NetworkQos } from "./manifest.ts";
import { networkSelectors } from "./network-selectors.ts";
import type { Meta } from "./object.ts";

const mostRules = 20;
const highestPriority = 100;

export function parseNetworkQos(object: JsonObject, { title, shortTitle, file, name }: Meta): NetworkQos {
  const { egress, priority, podSelector, networkSelectors: networks } = read("spec", object["spec"], spec());
  return {
    title,
    name,
    priority,
    podSelector: podSelector ?? [],
    networks: networks ?? [],
    rules: egress.map((rule, at) => ruleOf(rule, `${shortTitle} egress[${at}] (${file})`)),
  };
}

const spec = once(() =>
  z.strictObject({
    podSelector: z.nullish(selector()),
    networkSelectors: z.nullish(networkSelectors()),
    priority: whole(0, highestPriority, `a whole number from 0 to ${highestPriority}, and required`),
    egress: atMost(mostRules, ruleLists.manifest()),
  }),
);
