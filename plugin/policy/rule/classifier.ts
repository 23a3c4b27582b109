/** The `classifier` of a rule: which packets it is about. Pure. */
import * as z from "zod/mini";
import { covers, netOf, readBlockOrAddress, readCidr } from "../address/cidr.ts";
import { isPresent } from "../../cni/fields.ts";
import { selector } from "../label/read-selector.ts";
import { anyObject, by, once, refuse, whole } from "../text/schema.ts";
import { protocols, type Block, type PodPeer, type Rule, type Service } from "./rule.ts";

type Classifier = Pick<Rule, "to" | "toPods" | "from" | "services">;

export const classifier = once(() =>
  z.strictObject({
    to: z.nullish(z.array(destination())),
    from: z.nullish(z.array(source())),
    ports: z.nullish(z.array(services())),
  }),
);

/** Absent, null and empty lists are no condition. */
export function classifierOf(said: z.output<ReturnType<typeof classifier>> | null | undefined): Classifier {
  const to = said?.to ?? [];
  const peers = to.filter((entry) => "podSelector" in entry);
  return {
    to: to.filter((entry) => "cidr" in entry),
    ...(peers.length > 0 && { toPods: { peers, addresses: [] } }),
    from: said?.from ?? [],
    services: withoutRepeats((said?.ports ?? []).flat()),
  };
}

const selectors = ["podSelector", "namespaceSelector"] as const;

/** An entry of `to`. What is null is absent, here as everywhere. */
function destination(): z.ZodMiniType<Block | PodPeer> {
  const parts = z.strictObject({
    ipBlock: z.nullish(ipBlock()),
    podSelector: z.nullish(selector()),
    namespaceSelector: z.nullish(selector()),
  });
  const alone = z.pipe(
    anyObject,
    z.transform((entry, context): z.input<typeof parts> => {
      const given = selectors.filter((key) => isPresent(entry, key));
      if (given.length === 0 || !isPresent(entry, "ipBlock")) return entry;
      return refuse(context, { allowed: `ipBlock or ${given.join(" and ")}: make two entries of it` });
    }),
  );
  return z.pipe(
    z.pipe(alone, parts),
    z.transform(({ ipBlock: block, podSelector, namespaceSelector }, context): Block | PodPeer => {
      if (block !== null && block !== undefined) return block;
      if (podSelector || namespaceSelector)
        return { podSelector: podSelector ?? [], namespaceSelector: namespaceSelector ?? undefined };
      return refuse(context, { allowed: "an object with ipBlock, podSelector or namespaceSelector" });
    }),
  );
}

/** An entry of `from`. */
function source(): z.ZodMiniType<Block> {
  const byLabel = z.nullish(
    z.never(
      "packets of a pod come from its own addresses or from those that it forwards for: name them with ipBlock",
    ),
  );
  return z.pipe(
    z.strictObject({ podSelector: byLabel, namespaceSelector: byLabel, ipBlock: z.nullish(ipBlock()) }),
    z.transform(
      ({ ipBlock: block }, context) => block ?? refuse(context, { allowed: "an object with ipBlock" }),
    ),
  );
}

function ipBlock(): z.ZodMiniType<Block> {
  return z.pipe(
    z.strictObject({
      cidr: z.nullish(by(readCidr)),
      except: z.nullish(z.array(by(readBlockOrAddress))),
    }),
    z.transform(({ cidr, except }, context): Block => {
      if (cidr === null || cidr === undefined) return refuse(context, { allowed: "an object with cidr" });
      const holes = except ?? [];
      const outer = netOf(cidr);
      const outside = holes.findIndex((inner) => inner.prefix <= cidr.prefix || !covers(outer, netOf(inner)));
      if (outside < 0) return { cidr, except: holes };
      return refuse(context, {
        at: ["except", outside],
        allowed: (near) =>
          `an address or a CIDR inside ${near("cidr").field} ${String(near("cidr").value)} and smaller than it`,
      });
    }),
  );
}

/** A port of no protocol is that port of each: upstream takes it for no condition at all. */
function services(): z.ZodMiniType<readonly Service[]> {
  return z.pipe(
    z.strictObject({ protocol: z.nullish(z.enum(protocols)), port: z.nullish(whole(1, 65_535)) }),
    z.transform(({ protocol, port: said }, context): readonly Service[] => {
      const port = said ?? undefined;
      if (protocol !== null && protocol !== undefined) return [{ protocol, port }];
      if (port === undefined) return refuse(context, { allowed: "an object with protocol, port or both" });
      return protocols.map((each) => ({ protocol: each, port }));
    }),
  );
}

/** The entries are ORed, so a port of a protocol that is there whole says nothing, nor does one said twice. */
function withoutRepeats(all: readonly Service[]): readonly Service[] {
  return all.filter(
    ({ protocol: own, port }, at) =>
      !all.some(
        (other, otherAt) =>
          other.protocol === own &&
          ((other.port === undefined && port !== undefined) || (other.port === port && otherAt < at)),
      ),
  );
}
