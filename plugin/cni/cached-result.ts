/** What libcni keeps of an attachment since its ADD: by which chain, with what, and what came of it. Pure. */
import { identifierFault, interfaceFormFault, type Call } from "./call.ts";
import { declaredIn } from "./capabilities.ts";
import { isObject, type JsonObject } from "./fields.ts";
import { addressesOf } from "./prev-result.ts";
import { parseRequest, type Request } from "./request.ts";
import { inOurSpelling } from "./spelling.ts";

export type CachedResult = {
  readonly network: string;
  readonly containerId: string;
  readonly ifname: string;
  /** Empty where neither the cache nor the result says. */
  readonly netns: string;
  /** As text. */
  readonly chain: string;
  readonly args: Readonly<Record<string, string>>;
  /** All that the runtime had to say, declared by the conf or not. */
  readonly capabilityArgs: JsonObject;
  readonly result: JsonObject;
};

/** What is missing or of another form is empty. undefined for what is no JSON object. */
export function parseCachedResult(text: string): CachedResult | undefined {
  const cached = parsed(text);
  if (cached === undefined) return undefined;
  const { networkName, containerId, ifName, netns, config, cniArgs, capabilityArgs, result } = cached;
  const ours = isObject(result) ? result : {};
  const ifname = textOf(ifName);
  return {
    network: textOf(networkName),
    containerId: textOf(containerId),
    ifname,
    // libcni before 1.2 kept none.
    netns: textOf(netns) || textOf(podInterface(ours, ifname)?.["sandbox"]),
    chain: Buffer.from(textOf(config), "base64").toString(),
    args: argsOf(cniArgs),
    capabilityArgs: isObject(capabilityArgs) ? capabilityArgs : {},
    result: ours,
  };
}

/** Whether it names an attachment whose names may become paths. */
export function isAttachment({ network, containerId, ifname }: CachedResult): boolean {
  return (
    identifierFault(network) === undefined &&
    identifierFault(containerId) === undefined &&
    ifname !== "" &&
    interfaceFormFault(ifname) === undefined
  );
}

/** What an ADD by this entry would have been asked. Throws as ADD does. */
export function requestFrom(
  { network, containerId, ifname, netns, args, capabilityArgs, result }: CachedResult,
  entry: JsonObject,
): Request {
  const call: Call = { verb: "ADD", containerId, netns, ifname, args };
  const runtimeConfig = declaredIn(entry["capabilities"], capabilityArgs);
  return parseRequest(
    call,
    inOurSpelling({
      ...entry,
      name: network,
      ...(Object.keys(runtimeConfig).length > 0 && { runtimeConfig }),
      prevResult: result,
    }),
  );
}

/** By what the pod's interface can be recognised. */
export type Marks = {
  readonly ifname: string;
  /** In small letters; undefined where the result has none. */
  readonly mac: string | undefined;
  /** Without prefix lengths. */
  readonly addresses: readonly string[];
};

export function marksIn({ result, ifname }: CachedResult): Marks {
  const mac = textOf(podInterface(result, ifname)?.["mac"]).toLowerCase();
  return { ifname, mac: mac || undefined, addresses: addressesOf(result, ifname) };
}

function podInterface({ interfaces }: JsonObject, ifname: string): JsonObject | undefined {
  if (!Array.isArray(interfaces)) return undefined;
  return interfaces.filter(isObject).find(({ name, sandbox }) => name === ifname && textOf(sandbox) !== "");
}

/** [["K8S_POD_NAME", "web-1"], …] */
function argsOf(pairs: unknown): Readonly<Record<string, string>> {
  if (!Array.isArray(pairs)) return {};
  const known: readonly unknown[] = pairs;
  return Object.fromEntries(
    known.filter(Array.isArray).map(([key, value]) => [textOf(key), textOf(value)] as const),
  );
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function parsed(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
