import { parseUplink } from "../../../plugin/cni/uplink.ts";
import { uplinkState, type UplinkState } from "../../../plugin/datapath/uplink/state.ts";
import { decideUplink } from "../../../plugin/policy/uplink/uplink.ts";
import type { HtbClass, HtbQdisc, TcObject } from "../../../plugin/program/tc/objects.ts";
import type { IptablesTool } from "../../../plugin/program/iptables/mangle.ts";
import { hookRules, type SharedChain } from "../../../plugin/program/iptables/chain.ts";
import { ofTc } from "../alter/alterations-tc.ts";
import type { Found } from "../alter/alteration.ts";
import { hasFeature } from "../node/needs.ts";

/** What an uplink of this conf is on this kernel, as the plugin plans it. */
export const plannedUplink = (conf: { readonly device: string }): UplinkState =>
  uplinkState(decideUplink(parseUplink("uplink", conf), { device: conf.device, speed: undefined }), {
    mtu: 1500,
    fqCodel: hasFeature("fq_codel"),
    ipv6: true,
  });

/** For each object of an uplink what somebody may do to it, and words of CHECK's message that name it. */
export const uplinkDamages = ({ root, tree, sets, chains }: UplinkState): readonly Found[] => [
  ...tree.flatMap((object) => ofTree(object, root)),
  ...(["iptables", "ip6tables"] as const).flatMap((tool) => ofChain(tool, chains[tool])),
  ...sets.map(({ name }) => ({
    title: `set ${name} gone, and the rules that keep it`,
    script: `iptables -t mangle -F; ip6tables -t mangle -F; ipset destroy ${name}`,
    names: [`ipset ${name} is missing`],
  })),
];

const ofTree = (object: TcObject, root: HtbQdisc): readonly Found[] => {
  switch (object.kind) {
    case "htb":
      return named(ofRoot(object), `root ${object.handle}`);
    case "htb-class": {
      // A class that a filter leads to cannot go before it.
      const filterless = `tc filter del dev ${root.dev} parent ${root.handle} 2>/dev/null || :\n`;
      const found = [...ofTc(object), ...(object.parent === root.handle ? [] : ofLeafClass(object))];
      return named(
        found.map((each) =>
          each.title === "class deleted"
            ? { ...each, script: filterless + each.script }
            : keptByAdd(each, root.dev, object.classid),
        ),
        `class ${object.classid}`,
      );
    }
    case "leaf":
      return named(
        ofTc(object).map((each) => keptByAdd(each, root.dev, object.handle)),
        `leaf ${object.handle}`,
      );
    case "dscp":
    case "mark":
    case "clsact":
    case "police":
    case "redirect":
      return ofTc(object);
  }
};

/** A filter of somebody's within the tree: that is exchanged for no pod's sake, so the filter is for people to take away. */
const keptByAdd = (found: Found, dev: string, place: string): Found =>
  found.title.startsWith("a filter at ")
    ? { ...found, clear: `tc filter del dev ${dev} parent ${place} pref 5` }
    : found;

/** What somebody else's is in the way of is for ADD to refuse. */
const ofRoot = (root: HtbQdisc): readonly Found[] =>
  ofTc(root).map((each) =>
    each.title.startsWith("root") ? { clear: `tc qdisc del dev ${root.dev} root || :`, ...each } : each,
  );

const named = (found: readonly Found[], prefix: string): readonly Found[] =>
  found.map((each) => ({ ...each, title: `${prefix} ${each.title}` }));

/** Of a class with classes under it the kernel keeps neither. */
const ofLeafClass = (one: HtbClass): readonly Found[] => {
  const { dev, parent, classid, rate, ceil, burst, cburst, quantum = 1514, priority = 0 } = one;
  const change = (ofQuantum: number, prio: number): string =>
    `tc class change dev ${dev} parent ${parent} classid ${classid} htb rate ${rate}bps ceil ${ceil}bps ` +
    `burst ${burst} cburst ${cburst} quantum ${ofQuantum} prio ${prio}`;
  const names = [`class ${classid} on ${dev}`];
  return [
    { title: "quantum", script: change(quantum * 2, priority), names: [...names, "quantum"] },
    { title: "priority", script: change(quantum, priority + 3), names: [...names, "prio"] },
  ];
};

const ofChain = (tool: IptablesTool, wanted: SharedChain | undefined): readonly Found[] => {
  if (wanted === undefined) return [];
  const { name: chain, rules } = wanted;
  const [mangle, names] = [`${tool} -w -t mangle`, [`${tool} mangle chain ${chain}`]];
  return [
    ...hookRules(wanted).map((rule) => ({
      title: `${tool} rule gone: ${rule}`,
      script: `${mangle} -D ${rule}`,
      names: [`${tool} mangle rule "${rule}"`, "is missing"],
    })),
    ...hookRules(wanted).map((rule) => ({
      title: `${tool} rule twice: ${rule}`,
      script: `${mangle} -A ${rule}`,
      names: [`${tool} mangle rule "${rule}"`, "nothing asks for it"],
    })),
    ...rules.map((rule, at) => ({
      title: `${tool} rule of the chain gone: ${rule}`,
      script: `${mangle} -D ${chain} ${at + 1}`,
      names,
    })),
    {
      title: `${tool} rule behind the jump`,
      script: `${mangle} -A POSTROUTING -j CLASSIFY --set-class 1:10`,
      names: [...names, "behind it"],
      clear: `${mangle} -D POSTROUTING -j CLASSIFY --set-class 1:10`,
    },
    { title: `${tool} chain flushed`, script: `${mangle} -F ${chain}`, names },
    {
      title: `${tool} chain gone`,
      script: `${mangle} -D POSTROUTING $(${tool}-save -t mangle | sed -n 's/^-A POSTROUTING \\(.*${chain}\\)$/\\1/p' | tr -d '"')
${mangle} -F ${chain}; ${mangle} -X ${chain}`,
      names: [...names, "is missing"],
    },
  ];
};
