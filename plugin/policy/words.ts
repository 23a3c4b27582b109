/** Rules and amounts in words, for people. Pure. */
import { formatCidr } from "./address/cidr.ts";
import type { Block, Limit, Rule, Service } from "./rule/rule.ts";

/** 20000000 as "20 M": decimal prefixes, as rates have them. */
export function bits(amount: number): string {
  const unit = units.findLast(({ factor }) => amount >= factor) ?? { factor: 1, prefix: "" };
  return `${Number((amount / unit.factor).toFixed(3))} ${unit.prefix}`;
}

const units = ["", "k", "M", "G", "T", "P"].map((prefix, power) => ({ prefix, factor: 1000 ** power }));

export function matchWords({ to, from, services }: Rule): string {
  const words = [
    ...(to.length === 0 ? [] : [`to ${to.map(blockWords).join(" or ")}`]),
    ...(from.length === 0 ? [] : [`from ${from.map(blockWords).join(" or ")}`]),
    ...(services.length === 0 ? [] : [services.map(serviceWords).join(" or ")]),
  ];
  return words.length === 0 ? "every packet" : words.join(", ");
}

export function actionWords({ dscp, limit }: Rule): string {
  const words = [
    ...(dscp === undefined ? [] : [`mark ${dscp}`]),
    ...(limit === undefined ? [] : [limitWords(limit)]),
  ];
  return words.length === 0 ? "leave alone" : words.join(", ");
}

function limitWords({ rate, burst, discipline }: Limit): string {
  const bucket = burst === undefined ? "" : ` burst ${bits(burst)}bit,`;
  return `limit to ${bits(rate)}bit/s (${bucket} ${discipline})`.replace("( ", "(");
}

/** Of many exceptions the first tell enough. */
const shown = 4;

function blockWords({ cidr, except }: Block): string {
  if (except.length === 0) return formatCidr(cidr);
  const more = except.length > shown ? ` and ${except.length - shown} more` : "";
  return `${formatCidr(cidr)} except ${except.slice(0, shown).map(formatCidr).join(", ")}${more}`;
}

function serviceWords({ protocol, port }: Service): string {
  return port === undefined ? protocol : `${protocol} ${port}`;
}
