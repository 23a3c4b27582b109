/** An explanation as a page of at most 80 columns. Pure. */
import { wrapped } from "../../plain-text.ts";
import type { Explanation } from "./explanation.ts";
import type { Options } from "./options.ts";

export function explanationText(explanation: Explanation, options: Options): string {
  const sections = [
    heading(explanation),
    section("Requests", requestLines(explanation), "none"),
    section(
      "Rules, in the order they are tried; the first that matches decides alone",
      ruleLines(explanation),
      "none",
    ),
    section(
      "Manifests of the namespace that do not speak of this interface",
      bullets("-", explanation.passedOver),
    ),
    packetSection(explanation),
    section(programsTitle(explanation, options), programLines(explanation), "nothing is programmed"),
    section("Pending", bullets("!", explanation.pending === null ? [] : [explanation.pending])),
    section("Warnings", bullets("!", explanation.warnings)),
  ];
  return sections.filter((text) => text !== "").join("\n\n");
}

export function refusalText(code: number, message: string, details: string, indent = 0): string {
  return (
    wrapped(`ADD would fail with code ${code}: ${message}`, indent) + (details === "" ? "" : `\n${details}`)
  );
}

function heading({ pod, network, interface: ifname, labels, labelsFrom }: Explanation): string {
  const known = labels === null ? "labels not known" : `${labelWords(labels)}${teller[labelsFrom]}`;
  return wrapped(`${podWords(pod)}, ${ifname} in network ${network}, ${known}`, 0);
}

/** Those that were given with the question are known to who asks. */
const teller: Readonly<Record<Explanation["labelsFrom"], string>> = {
  agent: " (from the node's agent)",
  stale: " (from a node's agent that is not at work)",
  runtime: "",
  unknown: "",
};

function podWords({ namespace, name }: Explanation["pod"]): string {
  if (name !== null) return `Pod ${namespace === null ? "" : `${namespace}/`}${name}`;
  return namespace === null ? "A pod" : `A pod of namespace ${namespace}`;
}

function labelWords(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? "no labels" : `labels ${pairs.join(" ")}`;
}

function section(title: string, lines: readonly string[], none = ""): string {
  if (lines.length === 0) return none === "" ? "" : `${title}: ${none}`;
  return [title, ...lines].join("\n");
}

function requestLines({ wishes }: Explanation): readonly string[] {
  return wishes.map(({ about, source, value, outcome }) =>
    wrapped(`${outcome === "counts" ? "*" : "-"} ${about}: ${value}, ${source}${ending(outcome)}`, 2),
  );
}

function ending(outcome: Explanation["wishes"][number]["outcome"]): string {
  return outcome === "counts" ? "" : ` (${outcome})`;
}

function ruleLines({ rules }: Explanation): readonly string[] {
  return rules.flatMap(({ source, matches, does }, at) => [
    wrapped(`${at}. ${source}`, 2),
    wrapped(`${matches}: ${does}`, 5),
  ]);
}

function packetSection({ packet, rules }: Explanation): string {
  if (packet === null) return "";
  const { protocol, port, source, destination, rule } = packet;
  const from = /^(?:0\.0\.0\.0|::)$/.test(source) ? "" : ` from ${source}`;
  const title = `A packet of ${protocol}${from} to ${destination}${port === null || port === undefined ? "" : ` port ${port}`}`;
  const chosen = rule === null ? undefined : rules[rule];
  const answer =
    chosen === undefined ? "no rule matches: it is left alone" : `rule ${rule} decides: ${chosen.does}`;
  return [wrapped(title, 0), wrapped(answer, 2)].join("\n");
}

function programsTitle({ addresses }: Explanation, { link, mtu, kernel }: Options): string {
  const assumed = `Programs, assuming ${link}, MTU ${mtu} and a ${kernel} kernel`;
  return addresses.length === 0
    ? assumed
    : `${assumed},\n${wrapped(`an uplink that is not there yet and a pod at ${addresses.join(" and ")}`, 0)}`;
}

/** Of a long batch the beginning tells how it goes on; --json has all of it. */
const longestBatch = 30;

function programLines({ programs, refusal }: Explanation): readonly string[] {
  if (refusal !== null) return [refusalText(refusal.code, refusal.msg, "", 2)];
  return programs.flatMap(({ place, command, input }) => {
    const lines = input.split("\n").filter((line) => line !== "");
    const more = lines.length - longestBatch;
    return [
      `  [${place}] ${command.join(" ")}`,
      ...lines.slice(0, longestBatch).map((line) => wrapped(line, 4, { mark: " \\" })),
      ...(more > 0 ? [`    … and ${more} lines more: --json has them`] : []),
    ];
  });
}

function bullets(mark: "-" | "!", texts: readonly string[]): readonly string[] {
  return texts.map((text) => wrapped(`${mark} ${text}`, 2));
}
