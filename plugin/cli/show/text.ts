/** A report for people: 80 columns, more where there are more, colours only where they are wanted. Pure. */
import { printable, wrapped } from "../../plain-text.ts";
import type { AttachmentReport, ClassReport, Direction, Report, UplinkReport } from "../../report/report.ts";

export type Style = { readonly colour: boolean; readonly width: number };

export function listText({ attachments, unreadable, uplinks }: Report, style: Style): string {
  if (attachments.length === 0 && unreadable.length === 0 && uplinks.length === 0) {
    return "No pod on this node has a limit, a mark or a class of pod-qos.";
  }
  const rows = attachments.map((each) => attachmentRow(each, style));
  const header = attachmentHeader + (isWide(style) ? wideHeader : "");
  const table = rows.length === 0 ? [] : [bold(header, style), ...rows];
  const trees = uplinks.map((uplink) => uplinkText(uplink, style));
  const faults = unreadable.map((fault) => note(`UNHEALTHY: ${fault}`));
  return [[...table, ...attachments.flatMap(attachmentNotes), ...faults].join("\n"), ...trees]
    .filter((text) => text !== "")
    .join("\n\n");
}

function attachmentNotes(attachment: AttachmentReport): readonly string[] {
  const { pod, interface: ifname, pending, gone, step } = attachment;
  return [
    ...(step.reason === null ? [] : [note(`${step.state.toUpperCase()}: ${pod} ${ifname}: ${step.reason}`)]),
    ...(pending === null ? [] : [note(`PENDING: ${pod} ${ifname}: ${pending}`)]),
    ...(gone === null ? [] : [note(`UNHEALTHY: ${pod} ${ifname}: ${gone}`)]),
  ];
}

function note(text: string, indent = 0): string {
  return wrapped(printable(text), indent);
}

export function uplinkText(
  { device, rate, now, network, classes, kept, drift }: UplinkReport,
  style: Style,
): string {
  const head = `${device}  ${amount(rate)}bit/s, now ${amount(now)}  (conf of ${network})`;
  const rows = classes.map((each, at) =>
    classRow(each, at === classes.length - 1 ? "└─" : "├─", rate, style),
  );
  const faults = drift.map((fault) => note(`UNHEALTHY: ${fault}`, 3));
  const notes = kept.map(({ name, pods }) =>
    note(`KEPT: class ${name}, which the conf no longer has${inIt(pods)}`, 3),
  );
  return [bold(fit(head, 80).trimEnd(), style), `   ${classHeader}`, ...rows, ...notes, ...faults].join("\n");
}

function inIt(pods: readonly string[]): string {
  return pods.length === 0 ? "; no pod is in it any more" : `, for ${pods.join(", ")}`;
}

const attachmentHeader =
  `${fit("POD", 16)} ${fit("IF", 5)} ${fit("LINK", 6)} ${fit("CLASS", 9)} ${fit("DSCP", 4)} ` +
  `${"SENDS/CAP".padStart(14)} ${"RECEIVES/CAP".padStart(14)} DROPS`;
const wideHeader = ` ${"SENT".padStart(7)} ${"RECEIVED".padStart(8)}`;

function isWide({ width }: Style): boolean {
  return width >= attachmentHeader.length + wideHeader.length;
}

function attachmentRow(each: AttachmentReport, style: Style): string {
  const words = [
    fit(each.pod, 16),
    fit(each.interface, 5),
    fit(each.link, 6),
    fit(classOf(each), 9),
    fit(marks(each), 4),
    direction(each.sends, style),
    direction(each.receives, style),
    amount(each.dropped).padStart(5),
    ...(isWide(style)
      ? [`${amount(each.sends.bytes)}B`.padStart(7), `${amount(each.receives.bytes)}B`.padStart(8)]
      : []),
  ];
  return words.join(" ");
}

/** In brackets where its uplink has it no more. */
function classOf({ class: name, gone }: AttachmentReport): string {
  if (name === null) return "-";
  return gone === null ? name : `(${name})`;
}

/** The mark of all its traffic; "+" where rules of its own mark some of it. */
function marks({ dscp, rules }: AttachmentReport): string {
  const own = rules - (dscp === null ? 0 : 1);
  return `${dscp ?? (own > 0 ? "" : "-")}${own > 0 ? "+" : ""}`;
}

/** "12.3M/50M 25%"; yellow when the cap holds it back. */
function direction({ rate, cap }: Direction, style: Style): string {
  const text = cap === null ? amount(rate) : `${amount(rate)}/${amount(cap)}${percent(rate, cap)}`;
  return tint(text.padStart(14), share(rate, cap) >= 0.9, style);
}

const classHeader = `${fit("CLASS", 16)} ${"RATE".padStart(6)} ${"CEIL".padStart(6)} ${"NOW".padStart(6)} ${fit("", 20)} ${"PODS".padStart(4)} ${"DROPPED".padStart(8)}`;

/** The bar is the whole link; "|" in it is what is guaranteed to the class. */
function classRow(each: ClassReport, branch: string, link: number, style: Style): string {
  const words = [
    `${branch} ${fit(`${each.id} ${each.name}`, 16)}`,
    amount(each.guaranteed).padStart(6),
    amount(each.ceiling).padStart(6),
    amount(each.rate).padStart(6),
    tint(
      bar((each.rate ?? 0) / link, each.guaranteed / link, 20),
      share(each.rate, each.guaranteed) > 1,
      style,
    ),
    String(each.pods).padStart(4),
    (each.dropped === null ? "-" : String(each.dropped)).padStart(8),
  ];
  return words.join(" ");
}

export function bar(part: number, mark: number, width: number): string {
  const filled = Math.round(Math.min(Math.max(part, 0), 1) * width);
  const markAt = Math.min(Math.round(mark * width), width - 1);
  return Array.from({ length: width }, (_, at) => (at === markAt ? "|" : at < filled ? "█" : "·")).join("");
}

/** Three digits and a unit, six characters at most: "950M", "1.25G", "12.3k". */
export function amount(value: number | null): string {
  if (value === null) return "-";
  const units = ["", "k", "M", "G", "T", "P"];
  const power = value < 1 ? 0 : Math.min(Math.floor(Math.log10(value) / 3 + 1e-9), units.length - 1);
  const scaled = value / 1000 ** power;
  const text = power === 0 ? String(Math.round(scaled)) : scaled.toPrecision(3);
  // 999.9 rounds to the next unit's 1.
  if (Number(text) >= 1000 && power < units.length - 1) return `1${units[power + 1]}`;
  return `${text.includes(".") ? text.replace(/\.?0+$/, "") : text}${units[power]}`;
}

function percent(rate: number | null, cap: number): string {
  return rate === null ? "" : ` ${Math.round((rate / cap) * 100)}%`;
}

function share(rate: number | null, of: number | null): number {
  return rate === null || of === null ? 0 : rate / of;
}

/** Cut or padded to a width; what was cut shows. */
export function fit(given: string, width: number): string {
  const text = printable(given);
  return text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);
}

function bold(text: string, { colour }: Style): string {
  return colour ? `\u001B[1m${text}\u001B[0m` : text;
}

function tint(text: string, isHigh: boolean, { colour }: Style): string {
  return colour && isHigh ? `\u001B[33m${text}\u001B[0m` : text;
}
