/** What the plugins before us in the chain made, as prevResult tells it, and how it goes on to the next. Pure. */
import { CniError, ErrorCode } from "../errors.ts";
import { isObject } from "./fields.ts";
import { rawMember, withMember } from "./raw.ts";
import { sameKey } from "./spelling.ts";

export type Interface = { readonly name: string; readonly sandbox: string };

/** What ADD prints: prevResult as it came, said to be in the version of the conf. */
export function resultFrom(input: string, version: string): string {
  const previous = rawMember(input, "prevResult", sameKey);
  if (previous === undefined || !previous.startsWith("{")) {
    throw new CniError(
      ErrorCode.invalidConfig,
      "prevResult is missing: pod-qos must stand behind the plugin that makes the interface, in a conflist",
    );
  }
  const said = rawMember(previous, "cniVersion", sameKey);
  return said === JSON.stringify(version) ? previous : withMember(previous, "cniVersion", version, sameKey);
}

export function interfacesOf(prevResult: unknown): readonly Interface[] {
  const interfaces = isObject(prevResult) ? prevResult["interfaces"] : undefined;
  if (!Array.isArray(interfaces)) return [];
  return interfaces
    .filter(isObject)
    .flatMap(({ name, sandbox }) =>
      typeof name === "string" ? [{ name, sandbox: typeof sandbox === "string" ? sandbox : "" }] : [],
    );
}

/** Those of the pod's interface, and those of which prevResult does not say whose they are. What is no text comes as JSON. */
export function addressesOf(prevResult: unknown, ifname: string): readonly string[] {
  const { ips, interfaces } = isObject(prevResult) ? prevResult : {};
  if (!Array.isArray(ips)) return [];
  const known: readonly unknown[] = Array.isArray(interfaces) ? interfaces : [];
  return ips.filter(isObject).flatMap(({ address, interface: at }) => {
    const owner = typeof at === "number" ? known[at] : undefined;
    const isOurs =
      !isObject(owner) ||
      (owner["name"] === ifname && typeof owner["sandbox"] === "string" && owner["sandbox"] !== "");
    if (!isOurs) return [];
    return [typeof address === "string" ? address.replace(/\/.*/, "") : JSON.stringify(address ?? null)];
  });
}
