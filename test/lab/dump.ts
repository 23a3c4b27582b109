import type { Namespace } from "./process.ts";

/**
 * Everything in a namespace that a plugin could leave behind, as sorted text that is equal when the state is:
 * no counters, no indexes, no timers, no carrier state.
 */
export const dump = async (ns: Namespace): Promise<string> => {
  const links = JSON.parse(await output(ns, "ip", ["-j", "-d", "link", "show"])) as readonly Row[];
  const devices = links.map((link) => String(link["ifname"])).sort();
  const sections = await Promise.all([
    section("links", links.map((link) => JSON.stringify(settled(link))).sort()),
    ...["qdisc", "class", "filter"].map(async (kind) => section(kind, await traffic(ns, kind, devices))),
    ...IPTABLES.map(async (tool) => section(tool, rules(await output(ns, tool, [])))),
    nftables(ns),
    section("ipset", lines(await output(ns, "ipset", ["save"]), /initval \S+|bucketsize \d+/g).sort()),
    section("files", lines(await output(ns, "sh", ["-c", FILES]))),
    section("netns", lines(await output(ns, "ip", ["netns", "list"]), /\(id: \d+\)/g).sort()),
  ]);
  return sections.join("\n");
};

type Row = Readonly<Record<string, unknown>>;

/** Both flavours: a rule of iptables-legacy is invisible to iptables-nft and the other way round. */
const IPTABLES = [
  "iptables-nft-save",
  "ip6tables-nft-save",
  "iptables-legacy-save",
  "ip6tables-legacy-save",
] as const;

/** What the plugin found out about the kernel is a cache of the node's, not a trace of a pod. */
const FILES = `cd /run/pod-qos 2>/dev/null && find . -type f ! -path ./features.json | sort | while read -r f; do echo "$f"; sed 's/^/  /' "$f"; echo; done`;

/** A tool that is not installed has left nothing behind either. */
const output = async (ns: Namespace, command: string, args: readonly string[]): Promise<string> =>
  (await ns.exec(command, args, { reject: false })).stdout;

const section = async (title: string, body: readonly string[]): Promise<string> =>
  [`## ${title}`, ...body, ""].join("\n");

const lines = (text: string, noise?: RegExp): readonly string[] & { sort: () => string[] } =>
  text
    .split("\n")
    .map((line) => (noise === undefined ? line : line.replaceAll(noise, "")).trimEnd())
    .filter((line) => line !== "");

/** Without what changes although nobody changed it. A bridge takes the address of one of its ports. */
const settled = (link: Row): Row => {
  const info = link["linkinfo"] as { info_kind?: string; info_data?: Row } | undefined;
  const data = Object.entries(info?.info_data ?? {}).filter(
    ([key]) => !/timer|bridge_id|root|_id$|topology_change/.test(key),
  );
  return {
    ifname: link["ifname"],
    up: (link["flags"] as readonly string[]).includes("UP"),
    mtu: link["mtu"],
    qdisc: link["qdisc"],
    txqlen: link["txqlen"],
    master: link["master"],
    address: info?.info_kind === "bridge" ? undefined : link["address"],
    kind: info?.info_kind,
    data: Object.fromEntries(data),
  };
};

const traffic = async (
  ns: Namespace,
  kind: string,
  devices: readonly string[],
): Promise<readonly string[]> => {
  const perDevice = devices.map(async (device) => {
    const hooks = kind === "filter" ? await filterHooks(ns, device) : [[]];
    const texts = hooks.map((hook) => output(ns, "tc", ["-d", kind, "show", "dev", device, ...hook]));
    const found = (await Promise.all(texts)).flatMap((text) => lines(text, TC_NOISE));
    // fq_codel lists the flows that hold packets right now.
    return [...new Set(found)]
      .filter((line) => !line.startsWith("class fq_codel "))
      .map((line) => `${device}: ${line}`);
  });
  return (await Promise.all(perDevice)).flat();
};

const TC_NOISE = /\bindex \d+ ref \d+ bind \d+|\bref \d+ bind \d+|\brefcnt \d+|\bdirect_packets_stat \d+/g;

/** Filters hang on a qdisc by its handle; `ingress` and `egress` are the two ends of clsact. */
const filterHooks = async (ns: Namespace, device: string): Promise<readonly (readonly string[])[]> => {
  const text = await output(ns, "tc", ["-j", "qdisc", "show", "dev", device]);
  const qdiscs = (text === "" ? [] : JSON.parse(text)) as readonly { kind: string; handle: string }[];
  return qdiscs
    .filter(({ handle, kind }) => handle !== "0:" && kind !== "noqueue")
    .flatMap(({ kind, handle }) =>
      kind === "clsact"
        ? [["ingress"], ["egress"]]
        : kind === "ingress"
          ? [["ingress"]]
          : [["parent", handle]],
    );
};

/** A built-in table stays behind, empty, after the last rule of anybody's: that is no leftover. */
const rules = (saved: string): readonly string[] =>
  saved
    .split(/^(?=\*)/m)
    .map((table) => lines(table.replaceAll(/\[\d+:\d+\]/g, "")).filter((line) => !line.startsWith("#")))
    .filter((table) => table.some((line) => line.startsWith("-A") || / - *$|DROP/.test(line)))
    .flat();

/** Tables of iptables-nft are shown by iptables-save already. */
const nftables = async (ns: Namespace): Promise<string> => {
  const names = lines(await output(ns, "nft", ["list", "tables"])).filter(
    (line) => !IPTABLES_TABLE.test(line),
  );
  const tables = names.map((name) => output(ns, "nft", ["-s", "list", ...name.split(" ")]));
  return section(
    "nft",
    (await Promise.all(tables)).flatMap((text) => lines(text)),
  );
};

const IPTABLES_TABLE = /^table ip6? (filter|nat|mangle|raw|security)$/;
