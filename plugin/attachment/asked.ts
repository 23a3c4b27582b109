/** What ADD was asked, as it goes into the record. Pure. */
import { annotationsCapability, bandwidthCapability } from "../cni/keys.ts";
import type { JsonObject } from "../cni/fields.ts";
import type { Annotations, Request, RuntimeCap } from "../cni/request.ts";
import type { Asked } from "../state/record.ts";

/**
 * A conf may have thousands of rules and an annotation 256 KiB. A part that does not fit is left out as a whole and named: half
 * of a request would be another request.
 */
export function askedWithin(bytes: number, request: Request): Asked {
  let asked: Asked = {};
  const leftOut: string[] = [];
  for (const [part, said] of partsOf(request)) {
    const more: Asked = { ...asked, ...said };
    if (sizeOf(more) <= bytes - roomForNames) asked = more;
    else leftOut.push(part);
  }
  return leftOut.length === 0 ? asked : { ...asked, leftOut };
}

export function sizeOf(value: object): number {
  return Buffer.byteLength(JSON.stringify(value));
}

/** Of what was left out, and for the key that the parts stand under. */
const roomForNames = 200;

/** The pod first: without it the record could not be matched to the API's pod. */
function partsOf(request: Request): readonly (readonly [string, Asked])[] {
  const { call, interfaces, addresses, runtime, entry } = request;
  const { namespace, name } = request.pod;
  const uid = call.args["K8S_POD_UID"];
  return [
    ["pod", { ...(namespace && { namespace }), ...(name && { name }), ...(uid && { uid }) }],
    ["addresses", { addresses }],
    ["interfaces", { interfaces }],
    ["runtimeConfig", { runtimeConfig: capabilitiesOf(runtime) }],
    ["conf", { conf: entry }],
  ];
}

/** Also of a pod without annotations it is kept whether the runtime passes them on. */
function capabilitiesOf({ ingress, egress, annotations, gaveAnnotations }: Request["runtime"]): JsonObject {
  const bandwidth = { ...capOf("ingress", ingress), ...capOf("egress", egress) };
  const kept = speakingOfTraffic(annotations);
  return {
    ...(Object.keys(bandwidth).length > 0 && { [bandwidthCapability]: bandwidth }),
    ...(gaveAnnotations && { [annotationsCapability]: kept }),
  };
}

function capOf(direction: "ingress" | "egress", { rate, burst }: RuntimeCap): JsonObject {
  return {
    ...(rate !== undefined && { [`${direction}Rate`]: rate }),
    ...(burst !== undefined && { [`${direction}Burst`]: burst }),
  };
}

/** Ours, the bandwidth pair, and kubernetes.io/config.*, which tell a static pod. Others may hold anything, secrets too. */
function speakingOfTraffic(annotations: Annotations): Annotations {
  const kept = /^(?:(?:[^/]+\.)?pod-qos\/.*|kubernetes\.io\/(?:(?:in|e)gress-bandwidth|config\..*))$/s;
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => kept.test(key)));
}
