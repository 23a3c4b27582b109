/** EgressQoS, k8s.ovn.org/v1: a mark by destination and pod. Pure. */
import * as z from "zod/mini";
import type { JsonObject } from "../../cni/fields.ts";
import { readCidr } from "../address/cidr.ts";
import { selector } from "../label/read-selector.ts";
import { manifestDscp } from "../rule/rules.ts";
import { read } from "../text/read.ts";
import { by, once, refuse } from "../text/schema.ts";
import type { EgressQos, EgressQosEntry } from "./manifest.ts";
import type { Meta } from "./object.ts";

/** Upstream's controller gives up beyond that. */
const mostRules = 1000;

export function parseEgressQos(object: JsonObject, { title, shortTitle, file }: Meta): EgressQos {
  const { egress } = read("spec", object["spec"], spec());
  return {
    title,
    entries: egress.map((entry, at) => entryOf(entry, `${shortTitle} egress[${at}] (${file})`)),
  };
}

const spec = once(() => z.strictObject({ egress: atMost(mostRules, z.array(rule(), "a list of rules")) }));

/** Counted when each has been read: what is wrong with one of them says more. */
export function atMost<Entry>(
  most: number,
  list: z.ZodMiniType<readonly Entry[]>,
): z.ZodMiniType<readonly Entry[]> {
  return z.pipe(
    list,
    z.transform((rules, context): readonly Entry[] =>
      rules.length <= most
        ? rules
        : refuse(context, { sentence: `${rules.length} rules are not valid: at most ${most}` }),
    ),
  );
}

function rule() {
  return z.strictObject({
    dscp: manifestDscp(),
    dstCIDR: z.nullish(by(readCidr)),
    podSelector: z.nullish(selector()),
  });
}

function entryOf(
  { dscp, dstCIDR: cidr, podSelector }: z.output<ReturnType<typeof rule>>,
  source: string,
): EgressQosEntry {
  return {
    podSelector: podSelector ?? [],
    rule: {
      dscp,
      limit: undefined,
      to: cidr === null || cidr === undefined ? [] : [{ cidr, except: [] }],
      from: [],
      services: [],
      source,
    },
  };
}
