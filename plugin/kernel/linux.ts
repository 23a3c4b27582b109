/** What sysfs and procfs say of the node, its links above all: read without starting a process. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";

const sysClassNet = "/sys/class/net";

export type NodeLink = {
  readonly name: string;
  readonly ifindex: number;
  /** A veth's other end, in a namespace that sysfs does not name. */
  readonly peerIndex: number;
  readonly mtu: number;
  readonly master: string;
};

export function readNodeLink(name: string): NodeLink | undefined {
  const ifindex = readNumber(name, "ifindex");
  if (ifindex === undefined) return undefined;
  return {
    name,
    ifindex,
    peerIndex: readNumber(name, "iflink") ?? ifindex,
    mtu: readNumber(name, "mtu") ?? 0,
    master: masterOf(name),
  };
}

export function nodeHasLink(name: string): boolean {
  return existsSync(`${sysClassNet}/${name}`);
}

/** Without the module, or its like built in, there is no set in any namespace. */
export function kernelHasSets(): boolean {
  return existsSync("/sys/module/ip_set");
}

export function listNodeLinks(): readonly string[] {
  return readdirSync(sysClassNet);
}

export function readAlias(name: string): string {
  return attributeOf(name, "ifalias") ?? "";
}

export function kernelHasIpv6(): boolean {
  return existsSync("/proc/sys/net/ipv6");
}

export function bootId(): string {
  boot ??= readText("/proc/sys/kernel/random/boot_id") ?? "unknown";
  return boot;
}

let boot: string | undefined;

function masterOf(name: string): string {
  try {
    return readlinkSync(`${sysClassNet}/${name}/master`).replace(/.*\//, "");
  } catch {
    return "";
  }
}

function readNumber(name: string, attribute: string): number | undefined {
  const text = attributeOf(name, attribute);
  return text === undefined || text === "" ? undefined : Number(text);
}

function attributeOf(name: string, attribute: string): string | undefined {
  return readText(`${sysClassNet}/${name}/${attribute}`);
}

/** Without what ends the line; undefined where there is no such file. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined;
  }
}
