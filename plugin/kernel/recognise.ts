/** Whether the interface in a network namespace is the one that somebody wrote down: paths to namespaces are used again. */
import type { Marks } from "../cni/cached-result.ts";
import { formatAddress, hostAddress } from "../policy/address/address.ts";
import { readThroughProcess } from "./counters.ts";
import { readText } from "./linux.ts";
import { netnsId, runAt } from "./netns.ts";

export type Suspect = {
  readonly netns: string;
  /** Which namespace that is. */
  readonly netnsId: string;
  /** One that lives there; undefined where none is known. */
  readonly pid: string | undefined;
};

/**
 * Why it is not, or cannot be told, in words; undefined where it is. Addresses are read through a process that lives there, where
 * there is one; a tool is started for the others.
 */
export async function unlike(suspect: Suspect, marks: Marks): Promise<string | undefined> {
  const { ifname, mac, addresses } = marks;
  const wanted = addresses.flatMap((text) => canonical(text) ?? []);
  if (mac === undefined && wanted.length === 0)
    return `the cached result has neither an address nor a MAC of ${ifname} to recognise it by`;
  const through = wanted.length > 0 ? seenThrough(suspect, ifname) : undefined;
  const seen = through ?? (await seenByTool(suspect.netns, ifname));
  if (seen === undefined) return `it has no ${ifname}`;
  if (mac !== undefined && seen.mac !== undefined && seen.mac !== mac)
    return `${ifname} has MAC ${seen.mac}, but the cached result says ${mac}`;
  return wanted.length === 0 || wanted.some((address) => seen.addresses.has(address))
    ? undefined
    : `${ifname} has none of the addresses of the cached result (${wanted.join(", ")})`;
}

type Seen = {
  /** undefined: not seen this way. */
  readonly mac: string | undefined;
  readonly addresses: ReadonlySet<string>;
};

function seenThrough({ pid, netnsId: id }: Suspect, ifname: string): Seen | undefined {
  if (pid === undefined || readThroughProcess(pid, ifname) === undefined) return undefined;
  const v4 = readText(`/proc/${pid}/net/fib_trie`);
  const v6 = readText(`/proc/${pid}/net/if_inet6`) ?? "";
  // Asked last: a pid is used again as well.
  if (v4 === undefined || netnsId(`/proc/${pid}/ns/net`) !== id) return undefined;
  return { mac: undefined, addresses: new Set([...localIn(v4), ...inet6Of(v6, ifname)]) };
}

/** "|-- 192.0.2.1", and what it is on the line below. Of which interface is not said. */
export function localIn(trie: string): readonly string[] {
  return Array.from(
    trie.matchAll(/\|-- (\S+)\n(?:\s+\/\d+ .*\n)*?\s+\/32 host LOCAL/g),
    ([, address]) => address ?? "",
  );
}

/** "20010db8000000000000000000000001 02 40 00 80 eth0" */
export function inet6Of(text: string, ifname: string): readonly string[] {
  return text.split("\n").flatMap((line) => {
    const [hex = "", , , , , name] = line.trim().split(/\s+/);
    const groups = (hex.match(/.{4}/g) ?? []).map((group) => Number.parseInt(group, 16));
    return name === ifname && groups.length === 8 ? [formatAddress({ family: 6, groups })] : [];
  });
}

async function seenByTool(netns: string, ifname: string): Promise<Seen | undefined> {
  const argv = ["ip", "-j", "address", "show", "dev", ifname];
  const { exitCode, stdout } = await runAt("pod", netns, { argv, input: "" });
  const [link] = exitCode === 0 ? (JSON.parse(stdout) as readonly LinkJson[]) : [];
  if (link === undefined) return undefined;
  const addresses = (link.addr_info ?? []).flatMap(({ local = "" }) => canonical(local) ?? []);
  return { mac: link.address?.toLowerCase(), addresses: new Set(addresses) };
}

type LinkJson = {
  readonly address?: string;
  readonly addr_info?: readonly { readonly local?: string }[];
};

function canonical(text: string): string | undefined {
  const address = hostAddress(text);
  return address && formatAddress(address);
}
