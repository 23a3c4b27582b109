/** Rules and amounts in words, for people. Pure. */
import { formatCidr } from "./address/cidr.ts";
import { selectorText } from "./label/selector.ts";
import type { Block, Limit, PodPeer, Rule, Service } from "./rule/rule.ts";

/** 20000000 as "20 M": decimal prefixes, as rates have them. */
export function amountWords(amount: number): string {
  const unit = units.findLast(({ factor }) => amount >= factor) ?? { factor: 1, prefix: "" };
  return `${Number((amount / unit.factor).toFixed(3))} ${unit.prefix}`;
}

const units = ["", "k", "M", "G", "T", "P"].map((prefix, power) => ({ prefix, factor: 1000 ** power }));

export function matchWords({ to, toPods, from, services }: Rule): string {
  const destinations = [...to.map(blockWords), ...(toPods?.peers ?? []).map(peerWords)];
  const words = [
    ...(destinations.length === 0 ? [] : [`to ${destinations.join(" or ")}`]),
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
  const bucket = burst === undefined ? "" : ` burst ${amountWords(burst)}bit,`;
  return `limit to ${amountWords(rate)}bit/s (${bucket} ${discipline})`.replace("( ", "(");
}

/** Of many exceptions the first tell enough. */
const shown = 4;

function blockWords({ cidr, except }: Block): string {
  if (except.length === 0) return formatCidr(cidr);
  const more = except.length > shown ? ` and ${except.length - shown} more` : "";
  return `${formatCidr(cidr)} except ${except.slice(0, shown).map(formatCidr).join(", ")}${more}`;
}

function peerWords({ podSelector, namespaceSelector }: PodPeer): string {
  const pods = podSelector.length === 0 ? "all pods" : `pods with ${selectorText(podSelector)}`;
  if (namespaceSelector === undefined) return `${pods} of its namespace`;
  return namespaceSelector.length === 0
    ? `${pods} of all namespaces`
    : `${pods} of namespaces with ${selectorText(namespaceSelector)}`;
}

function serviceWords({ protocol, port }: Service): string {
  return port === undefined ? protocol : `${protocol} ${port}`;
}
