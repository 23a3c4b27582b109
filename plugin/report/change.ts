/** What a change gave a pod that runs, in words for the log: "egress 20M -> 5M, class bulk -> default". Pure. */
import { quantityText } from "../policy/uplink/words.ts";
import type { AttachmentRecord } from "../state/record.ts";

export function changeInWords(before: AttachmentRecord, after: AttachmentRecord): string {
  const words = figures.flatMap(([name, of]) => {
    const [was, is] = [of(before) ?? "none", of(after) ?? "none"];
    return was === is ? [] : [`${name} ${was} -> ${is}`];
  });
  // Rules may differ in what they match, limits in their bursts, and a change that was cut short is done to its end.
  return words.length === 0 ? "what the kernel holds for it" : words.join(", ");
}

/** What a ceiling cuts by now and did not before, in sentences. */
export function cutsInWords(before: AttachmentRecord, after: AttachmentRecord): readonly string[] {
  return directions.flatMap((direction) => {
    const [was, is] = [before, after].map(({ sources }) => sources?.[direction]?.cutFrom?.rate);
    return was === is ? [] : cutOf(after, direction);
  });
}

/** What a ceiling cuts, in sentences. */
export function cutsOf(record: AttachmentRecord): readonly string[] {
  return directions.flatMap((direction) => cutOf(record, direction));
}

const directions = ["egress", "ingress"] as const;

function cutOf(
  { sources, limits }: AttachmentRecord,
  direction: (typeof directions)[number],
): readonly string[] {
  const is = sources?.[direction];
  if (is?.cutFrom === undefined) return [];
  const { rate: asked, source } = is.cutFrom;
  const now = rateText(limits?.[direction]) ?? "none";
  return [`${source}: ${direction} of ${quantityText(asked)} is cut to ${now} by ${is.source}`];
}

type Figure = (record: AttachmentRecord) => string | undefined;

const figures: readonly (readonly [name: string, of: Figure])[] = [
  ["egress", ({ limits }) => rateText(limits?.egress)],
  ["ingress", ({ limits }) => rateText(limits?.ingress)],
  ["mark", ({ limits }) => limits?.dscp?.toString()],
  ["rules", ({ limits }) => (limits?.rules || undefined)?.toString()],
  ["class", ({ membership }) => membership?.class],
  ["uplink", ({ membership }) => membership?.device],
];

function rateText(bits: number | undefined): string | undefined {
  return bits === undefined ? undefined : quantityText(bits);
}
