/** Links we create: an ifb is the one kind. Pure: `ip -batch` text out, `ip -j -d link` text in. */
import { batchText, type Batch } from "../handler.ts";

export type Ifb = {
  readonly kind: "ifb";
  readonly name: string;
  readonly mtu: number;
  /** Who it belongs to, in words: shown by `ip link`, read back by GC. */
  readonly alias: string;
};

/**
 * An ifb stops taking packets at so many, 32 if nobody says otherwise: behind a policer's queue of one packet the 33rd
 * fragment of a long datagram was dropped, though it conformed. As long as a network card's.
 */
const queueLength = 1000;

export function addLinks(links: readonly Ifb[]): Batch {
  return changeLinks([], links);
}

/** What has its values already stays as it is: the kernel looks. */
export function changeLinks(change: readonly Ifb[], add: readonly Ifb[]): Batch {
  return {
    argv: ["ip", "-batch", "-"],
    input: batchText([...change.map(changeLine), ...add.flatMap(addLines)]),
  };
}

function changeLine({ name, mtu, alias }: Ifb): string {
  return `link set dev ${name} mtu ${mtu} txqueuelen ${queueLength} alias ${quoted(alias)} up`;
}

function addLines({ name, mtu, alias }: Ifb): readonly string[] {
  return [
    `link add name ${name} mtu ${mtu} txqueuelen ${queueLength} type ifb`,
    `link set dev ${name} alias ${quoted(alias)}`,
    `link set dev ${name} up`,
  ];
}

export function removeLinks(links: readonly Ifb[]): Batch {
  const lines = links.map(({ name }) => `link del dev ${name}`);
  return { argv: ["ip", "-force", "-batch", "-"], input: batchText(lines) };
}

export function showLink(name: string): Batch {
  return { argv: ["ip", "-j", "-d", "link", "show", "dev", name], input: "" };
}

/** The same, in a form that many links of the node can be asked for at once. */
export function lookAtLink(name: string): Batch {
  return { argv: ["ip", "-j", "-d", "-force", "-batch", "-"], input: batchText([`link show dev ${name}`]) };
}

export type ObservedLink = {
  readonly name: string;
  readonly ifindex: number;
  readonly kind: string;
  /** Of an ipvlan or macvlan, as ip calls it; else empty. */
  readonly mode: string;
  readonly mtu: number;
  readonly up: boolean;
  readonly alias: string;
  /** ifindex of a veth's other end, or of an ipvlan's or macvlan's parent; in whose namespace is not said. */
  readonly peerIndex: number | undefined;
};

export function parseLinks(output: string): readonly ObservedLink[] {
  if (output.trim() === "") return [];
  return (JSON.parse(output) as readonly LinkJson[])
    .filter((link) => link.ifname !== undefined)
    .map((link) => ({
      name: link.ifname ?? "",
      ifindex: link.ifindex ?? 0,
      kind: link.linkinfo?.info_kind ?? "",
      mode: link.linkinfo?.info_data?.mode ?? "",
      mtu: link.mtu ?? 0,
      up: link.flags?.includes("UP") ?? false,
      alias: link.ifalias ?? "",
      peerIndex: link.link_index,
    }));
}

/** The fields of iproute2's link JSON that are read here; with an empty answer it prints objects without any. */
type LinkJson = {
  readonly ifindex?: number;
  readonly ifname?: string;
  readonly mtu?: number;
  readonly flags?: readonly string[];
  readonly ifalias?: string;
  readonly link_index?: number;
  readonly linkinfo?: { readonly info_kind?: string; readonly info_data?: { readonly mode?: string } };
};

/** ip's batch reader takes double quotes around a word with blanks; the alias is made of CNI names, none has a quote. */
function quoted(text: string): string {
  return `"${text}"`;
}
