/** What the kernel holds for a pod: `tc -s` of every device that has a qdisc of its own, trimmed and explained. */
import type { Namespace } from "../../test/lab/node/process.ts";
import { paint, wrap } from "./paint.ts";

/** Prints it for one namespace; an explanation is given once per call. */
export const showHoldings = async (ns: Namespace, where: string): Promise<void> => {
  const { stdout } = await ns.exec("tc", ["-j", "qdisc", "show"]);
  const rows = JSON.parse(stdout) as readonly { readonly dev: string; readonly kind: string }[];
  const devices = [...new Set(rows.filter(({ kind }) => kind !== "noqueue").map(({ dev }) => dev))].sort();
  const explained = new Set<string>();
  for (const device of devices) {
    console.log(`\n  ${paint("bold", device)}, ${where}`);
    for (const line of await holdings(ns, device)) {
      console.log(`    ${line.text}`);
      if (line.counters !== "") console.log(paint("dim", `      ${line.counters}`));
      const explanation = EXPLANATIONS.find(({ at }) => at.test(line.text))?.is;
      if (explanation !== undefined && !explained.has(explanation)) console.log(wrap(explanation, "      "));
      if (explanation !== undefined) explained.add(explanation);
    }
  }
};

interface Line {
  readonly text: string;
  readonly counters: string;
}

const holdings = async (ns: Namespace, device: string): Promise<readonly Line[]> => {
  const tc = async (...args: readonly string[]): Promise<string> =>
    (await ns.exec("tc", [...args, "dev", device], { reject: false })).stdout;
  const filters = await Promise.all(
    ["ingress", "egress"].map(async (hook) => actions(hook, await tc("filter", "show", hook))),
  );
  return [
    ...objects(await tc("-s", "qdisc", "show"), /^qdisc (htb|clsact|ingress)/),
    ...filters.flat(),
    ...objects(await tc("-s", "class", "show"), /^class htb/, true),
    ...objects(await tc("-s", "qdisc", "show"), /^qdisc (?!htb|clsact|ingress)/),
  ];
};

/** An object is its line and the indented lines behind it; the first of those has the counters. */
const objects = (text: string, wanted: RegExp, counted = false): readonly Line[] =>
  text
    .split(/\n(?=\S)/)
    .map((block) => block.split("\n"))
    .filter(([head = ""]) => wanted.test(head))
    .map(([head = "", counters = ""]) => ({ text: shorten(head), counters: counted ? told(counters) : "" }));

/** u32 prints its hash tables too; what matters is the action. */
const actions = (hook: string, text: string): readonly Line[] =>
  [...text.matchAll(/action order \d+: +(.*)/g)].map(([, action = ""]) => ({
    text: shorten(`filter ${hook}: ${action}`),
    counters: "",
  }));

const shorten = (line: string): string =>
  line
    .replaceAll(
      / (ver|direct_qlen|direct_packets_stat|r2q|prio|level|mpu|leaf|default|parent|refcnt) \S+/g,
      "",
    )
    .replaceAll(/ (linklayer ethernet|root)|\/1\b/g, "")
    .replaceAll(/ {2,}/g, " ")
    .trim()
    .slice(0, 76);

const told = (counters: string): string => {
  const [, bytes, dropped, overlimits] =
    /Sent (\d+) bytes.*dropped (\d+), overlimits (\d+)/.exec(counters) ?? [];
  return `${(Number(bytes) / 1e6).toFixed(1)} MB through, held back ${overlimits} times, ${dropped} packets dropped`;
};

const EXPLANATIONS: readonly { readonly at: RegExp; readonly is: string }[] = [
  { at: /^qdisc htb/, is: "<- the gate: all that leaves this device goes through its class" },
  { at: /^class htb/, is: "<- the cap; its burst is about 10 ms of rate: no flood in second one" },
  { at: /^qdisc fq_codel/, is: "<- who waits, waits briefly: small flows overtake full queues" },
  { at: /^qdisc bfifo/, is: "<- a short queue for who waits (this kernel has no fq_codel)" },
  { at: /^qdisc (clsact|ingress)/, is: "<- the hook for what comes in from the device" },
  { at: /^filter.*mirred/, is: "<- what the pod sends takes the way through that device's gate" },
  { at: /^filter.*police/, is: "<- the guard: holds the pod even if it deletes its own qdisc" },
];
