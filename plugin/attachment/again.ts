/** A request asked again by what its record keeps of it, with the conf of today where one is given. Pure. */
import type { Call } from "../cni/call.ts";
import { isObject, type JsonObject } from "../cni/fields.ts";
import { parseRequest, type Request } from "../cni/request.ts";
import type { AttachmentRecord, Asked } from "../state/record.ts";

/**
 * undefined where the record does not say enough: an older build wrote down nothing of it, and of a request that was too long a
 * part is left out. To decide without that part would be to decide something else. `conf`: the entry of the conflist, in our
 * spelling; a conf that cannot be throws, as for ADD.
 */
export function requestOf(record: AttachmentRecord, conf?: JsonObject): Request | undefined {
  const { asked } = record;
  if (asked === undefined || lacks(asked, conf)) return undefined;
  return parseRequest(callOf(record, asked), documentOf(record, asked, conf ?? asked.conf ?? {}));
}

/** A conf of today stands in for one that was too long. */
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

/** A runtime passes on what the conf declares. Where it declares nothing, what was passed on came all the same. */
function declared(runtimeConfig: JsonObject, capabilities: unknown): JsonObject {
  if (!isObject(capabilities)) return runtimeConfig;
  return Object.fromEntries(Object.entries(runtimeConfig).filter(([name]) => capabilities[name] === true));
}
