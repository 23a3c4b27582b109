/** The request of an attachment made again from its record, with the present conf where one is given. Pure. */
import type { Call } from "../cni/call.ts";
import { declaredIn } from "../cni/capabilities.ts";
import { isObject, type JsonObject } from "../cni/fields.ts";
import { parseRequest, type Request } from "../cni/request.ts";
import type { AttachmentRecord, Asked } from "../state/record.ts";

/**
 * undefined where the record does not say enough: an older build wrote nothing of the request, and a part that was too long is
 * left out. A decision without that part would be another decision. `conf`: the entry of the conflist, in our
 * spelling; a conf that cannot be throws, as for ADD.
 */
export function requestOf(record: AttachmentRecord, conf?: JsonObject): Request | undefined {
  const { asked } = record;
  if (asked === undefined || lacks(asked, conf)) return undefined;
  return parseRequest(callOf(record, asked), documentOf(record, asked, conf ?? asked.conf ?? {}));
}

/** The present conf replaces one that was too long to keep. */
function lacks({ leftOut = [], conf }: Asked, today: JsonObject | undefined): boolean {
  return (conf ?? today) === undefined || leftOut.some((part) => part !== "conf");
}

function callOf(
  { identity, netns }: AttachmentRecord,
  { namespace, name, uid }: Pick<Asked, "namespace" | "name" | "uid">,
): Call {
  const args = { K8S_POD_NAMESPACE: namespace, K8S_POD_NAME: name, K8S_POD_UID: uid };
  return {
    verb: "ADD",
    containerId: identity.containerId,
    netns,
    ifname: identity.ifname,
    args: Object.fromEntries(
      Object.entries(args).filter((pair): pair is [string, string] => pair[1] !== undefined),
    ),
  };
}

/** As libcni would hand it to us today. `args` are the runtime's: a conflist has none of a pod's labels. */
function documentOf({ identity }: AttachmentRecord, asked: Asked, conf: JsonObject): JsonObject {
  const { interfaces = [], addresses = [], runtimeConfig = {} } = asked;
  const args = asked.conf?.["args"];
  return {
    ...conf,
    ...(args !== undefined && { args }),
    name: identity.network,
    runtimeConfig: declared(runtimeConfig, conf["capabilities"]),
    prevResult: { interfaces, ips: addresses.map((address) => ({ address })) },
  };
}

/** A runtime passes on what the conf declares. Of a conf that declares nothing, all that came is kept. */
function declared(runtimeConfig: JsonObject, capabilities: unknown): JsonObject {
  return isObject(capabilities) ? declaredIn(capabilities, runtimeConfig) : runtimeConfig;
}
