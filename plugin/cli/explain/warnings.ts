/** What an explanation cannot know, or the runtime would not have passed on, in words. Pure. */
import { isObject } from "../../cni/fields.ts";
import { annotationsCapability, bandwidthCapability } from "../../cni/keys.ts";
import type { Request } from "../../cni/request.ts";
import type { Policy } from "../../policy/policy.ts";
import { isAuto } from "../../policy/uplink/uplink.ts";
import type { Options } from "./options.ts";

/** A runtime hands on what the conf asks it for, and of the rest not a word. */
export function notHandedOn({ document, confIsGiven }: Options): readonly string[] {
  const asked = isObject(document["capabilities"]) ? document["capabilities"] : {};
  if (!confIsGiven || asked[annotationsCapability] === true) return [];
  const given = isObject(document["runtimeConfig"]) ? document["runtimeConfig"][annotationsCapability] : {};
  const lost = Object.keys(isObject(given) ? given : {}).filter(
    (key) => /(^|\.)pod-qos\//.test(key) || (asked[bandwidthCapability] !== true && isBandwidth.test(key)),
  );
  if (lost.length === 0) return [];
  return [
    `"capabilities" of the conf does not include ${annotationsCapability}, so the runtime will not pass on ${lost.join(", ")}`,
  ];
}

const isBandwidth = /^kubernetes\.io\/(in|e)gress-bandwidth$/;

/** Where the answer stands on something that nobody gave. */
export function assumptions(request: Request, policy: Policy, options: Options): readonly string[] {
  return [
    ...speedUnknown(request),
    ...sourceUnknown(policy, options),
    ...portUnknown(policy, options),
    ...addressesUnknown(policy),
  ];
}

function addressesUnknown({ rules }: Policy): readonly string[] {
  return rules
    .filter(({ toPods }) => toPods !== undefined)
    .map(
      ({ source }) =>
        `${source} names pods by label. The node's agent looks their addresses up in the API; here the set is empty. ` +
        `Where no agent follows the API, ADD refuses this rule with code 7`,
    );
}

function speedUnknown({ conf: { uplink } }: Request): readonly string[] {
  return uplink === undefined || !isAuto(uplink.rate)
    ? []
    : [`the uplink's rate is "auto": on the node it follows the speed of the link, here no speed is assumed`];
}

function sourceUnknown({ rules }: Policy, { packet, sourceIsGiven }: Options): readonly string[] {
  return packet === undefined || sourceIsGiven || rules.every(({ from }) => from.length === 0)
    ? []
    : [`some rules match on the source address: without --from it is taken to be ${packet.source}`];
}

function portUnknown({ rules }: Policy, { packet }: Options): readonly string[] {
  const asks = rules.some(({ services }) =>
    services.some(({ protocol, port }) => protocol === packet?.protocol && port !== undefined),
  );
  return packet === undefined || typeof packet.port === "number" || !asks
    ? []
    : [`some rules match on a port of ${packet.protocol}: without --port they are taken not to match`];
}
