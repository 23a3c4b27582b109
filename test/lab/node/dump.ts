import type { Namespace } from "./process.ts";

/**
 * Everything in a namespace that a plugin could leave behind, as sorted text that is equal when the state is:
 * no counters, no indexes, no timers, no carrier state.
 */
export const dump = async (ns: Namespace): Promise<string> => {
  const { stdout } = await ns.exec("sh", ["-c", GATHER], { reject: false });
  const parts = partsOf(stdout);
  const of = (what: string): readonly string[] =>
    parts.filter((part) => part.what === what).map(({ text }) => text);
  const links = JSON.parse(of("links").join("")) as readonly Row[];
  const sections = [
    section("links", links.map((link) => JSON.stringify(settled(link))).sort()),
    ...["qdisc", "class", "filter"].map((kind) => section(kind, traffic(parts, kind))),
    ...of("iptables").map((saved) => section("iptables", rules(saved))),
    section("nft", lines(of("nft").join(""))),
    section("ipset", lines(of("ipset").join(""), /initval \S+|bucketsize \d+/g).sort()),
    section("files", lines(of("files").join(""))),
    section("netns", lines(of("netns").join(""), /\(id: \d+\)/g).sort()),
  ];
  return sections.join("\n");
};

/**
 * One shell for all tools: in the VM a spawn takes a tenth of a second. Filters hang on a qdisc by its handle; `ingress`
 * and `egress` are the two ends of clsact. Both flavours of iptables: a rule of one is invisible to the other. A tool that is
 * not installed has left nothing behind either. features.json is a cache of the node's, not a trace of a pod.
 */
const GATHER = `
exec 2>/dev/null
echo "@@ links"
ip -j -d link show
for path in /sys/class/net/*; do
  dev=\${path##*/}
  qdiscs=$(tc -d qdisc show dev "$dev")
  echo "@@ qdisc $dev
$qdiscs"
  hooks=
  while read -r _ kind handle _; do
    case "$kind $handle" in
      " " | noqueue* | *" 0:") ;;
      clsact*) hooks="$hooks ingress egress" ;;
      ingress*) hooks="$hooks ingress" ;;
      ?*) hooks="$hooks $handle" ;;
    esac
  done <<END
$qdiscs
END
  [ "$qdiscs" = "\${qdiscs#*noqueue}" ] && echo "@@ class $dev" && tc -d class show dev "$dev"
  for hook in $hooks; do
    echo "@@ filter $dev"
    case $hook in
      *:) tc -d filter show dev "$dev" parent "$hook" ;;
      *) tc -d filter show dev "$dev" "$hook" ;;
    esac
  done
done
for save in iptables-nft-save ip6tables-nft-save iptables-legacy-save ip6tables-legacy-save; do
  echo "@@ iptables"
  $save
done
echo "@@ nft"
nft list tables | while read -r _ family name; do
  case "$family $name" in
    ip*" filter" | ip*" nat" | ip*" mangle" | ip*" raw" | ip*" security") ;;
    *) nft -s list table "$family" "$name" ;;
  esac
done
echo "@@ ipset"
ipset save
echo "@@ files"
cd /run/pod-qos && find . ! -type d ! -path ./features.json | sort | while read -r f; do
  echo "$f"
  if [ -L "$f" ]; then readlink "$f"; else sed 's/^/  /' "$f"; fi
  echo
done
echo "@@ netns"
ip netns list
`;

type Row = Readonly<Record<string, unknown>>;

type Part = { readonly what: string; readonly device: string; readonly text: string };

const partsOf = (stdout: string): readonly Part[] =>
  stdout
    .split(/^@@ /m)
    .slice(1)
    .map((part) => {
      const [title = "", ...body] = part.split("\n");
      const [what = "", device = ""] = title.split(" ");
      return { what, device, text: body.join("\n") };
    });

const section = (title: string, body: readonly string[]): string => [`## ${title}`, ...body, ""].join("\n");

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

const traffic = (parts: readonly Part[], kind: string): readonly string[] => {
  const ofKind = parts.filter(({ what }) => what === kind);
  const devices = [...new Set(ofKind.map(({ device }) => device))];
  return devices.flatMap((device) => {
    const found = ofKind
      .filter((part) => part.device === device)
      .flatMap(({ text }) => lines(text, TC_NOISE));
    // fq_codel lists the flows that hold packets right now.
    return [...new Set(found)]
      .filter((line) => !line.startsWith("class fq_codel "))
      .map((line) => `${device}: ${line}`);
  });
};

const TC_NOISE = /\bindex \d+ ref \d+ bind \d+|\bref \d+ bind \d+|\brefcnt \d+|\bdirect_packets_stat \d+/g;

/** A built-in table stays behind, empty, after the last rule of anybody's: that is no leftover. */
const rules = (saved: string): readonly string[] =>
  saved
    .split(/^(?=\*)/m)
    .map((table) => lines(table.replaceAll(/\[\d+:\d+\]/g, "")).filter((line) => !line.startsWith("#")))
    .filter((table) => table.some((line) => line.startsWith("-A") || / - *$|DROP/.test(line)))
    .flat();
