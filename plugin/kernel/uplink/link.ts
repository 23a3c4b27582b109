/** What the node says of its uplink's link, and which link it is where the conf says "auto": from /proc and sysfs, without a process. */
import { readdirSync } from "node:fs";
import { interfaceNameFault } from "../../cni/call.ts";
import { CniError, ErrorCode } from "../../errors.ts";
import type { LinkFacts } from "../../policy/uplink/uplink.ts";
import { readNodeLink, readText } from "../linux.ts";

export type NodeUplink = LinkFacts & { readonly mtu: number };

export function readUplinkLink(device: string): NodeUplink {
  const name = device === "auto" ? defaultRouteDevice() : device;
  const link = name === undefined ? undefined : readNodeLink(name);
  if (name !== undefined && link !== undefined)
    return { device: name, mtu: link.mtu, speed: readSpeed(name) };
  throw new CniError(
    ErrorCode.invalidConfig,
    name === undefined
      ? 'uplink.device: "auto" is the device of the default route, but this node has no default route: name the device'
      : `uplink.device: this node has no link ${JSON.stringify(name)}`,
  );
}

/** Of the default route with the lowest metric, IPv4 before IPv6. Held to what a device that the conf names is held to. */
function defaultRouteDevice(): string | undefined {
  const name = [...ipv4Defaults(), ...ipv6Defaults()].at(0);
  const fault = name === undefined ? undefined : interfaceNameFault(name);
  if (fault === undefined) return name;
  throw new CniError(
    ErrorCode.invalidConfig,
    `uplink.device: "auto" is the device of the default route: ${fault}`,
  );
}

/** iface ("*" of a route that refuses), destination, gateway, flags, refcnt, use, metric, mask ... in hexadecimal but the metric. */
function ipv4Defaults(): readonly string[] {
  const routes = rowsOf("/proc/net/route").filter(
    ([iface, destination, , , , , , mask]) =>
      iface !== "*" && destination === "00000000" && mask === "00000000",
  );
  return routes.toSorted((a, b) => Number(a[6]) - Number(b[6])).map(([device = ""]) => device);
}

/** destination, prefix length, source, prefix length, next hop, metric, refcnt, use, flags, iface; lo holds the refusal. */
function ipv6Defaults(): readonly string[] {
  const routes = rowsOf("/proc/net/ipv6_route").filter(
    ([destination, length, , , , , , , , device]) =>
      /^0+$/.test(destination ?? "") && length === "00" && device !== "lo",
  );
  return routes
    .toSorted((a, b) => parseInt(a[5] ?? "", 16) - parseInt(b[5] ?? "", 16))
    .map(([, , , , , , , , , device = ""]) => device);
}

function rowsOf(path: string): readonly (readonly string[])[] {
  return (readText(path) ?? "").split("\n").map((line) => line.trim().split(/\s+/));
}

/** In Mbit/s; -1, or an error, where the device has none. */
function readSpeed(device: string): number | undefined {
  const speed = Number(readText(`/sys/class/net/${device}/speed`) ?? -1);
  return speed > 0 && !isInvented(device) ? speed * 1e6 : undefined;
}

/**
 * A veth says 10 Gbit/s whatever carries its packets, and a bridge what its fastest port says, which may be a veth. Others have
 * hardware behind them, links below them (bond, team, VLAN), or were told.
 */
function isInvented(device: string): boolean {
  const folder = `/sys/class/net/${device}`;
  if (/^DEVTYPE=bridge$/m.test(readText(`${folder}/uevent`) ?? "")) return true;
  return !readdirSync(folder).some((name) => /^(device|tun_flags|lower_.*)$/.test(name));
}
