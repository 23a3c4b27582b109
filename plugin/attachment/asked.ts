/** What ADD was asked, as it goes into the record. Pure. */
import { annotationsCapability, bandwidthCapability } from "../cni/keys.ts";
import type { JsonObject } from "../cni/fields.ts";
import type { Annotations, Request, RuntimeCap } from "../cni/request.ts";
import type { Asked } from "../state/record.ts";

/**
 * A conf may have thousands of rules and an annotation 256 KiB. A part that does not fit any more is left out as a whole and
 * named: half of what was asked would be something else.
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

/** Whose it is before what it is: nothing else finds the pod again. */
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

/** That a runtime hands on annotations is worth knowing also of a pod that has none. */
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

/** Ours and the bandwidth pair; and by kubernetes.io/config.* a static pod is known. All others may hold anything, secrets too. */
function speakingOfTraffic(annotations: Annotations): Annotations {
  const kept = /^(?:(?:[^/]+\.)?pod-qos\/.*|kubernetes\.io\/(?:(?:in|e)gress-bandwidth|config\..*))$/s;
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => kept.test(key)));
}
