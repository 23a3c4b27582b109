/** Which class a pod's traffic is in: its annotation, the classes' selectors, its namespace's annotation, `defaults.class`. Pure. */
import type { UplinkConf } from "../../cni/uplink.ts";
import { CniError, ErrorCode } from "../../errors.ts";
import type { Labels } from "../../cni/request.ts";
import type { Request } from "../../cni/request.ts";
import type { Found } from "../annotation/annotations.ts";
import { hostAddress } from "../address/address.ts";
import { matches, type Selector } from "../label/selector.ts";
import type { UplinkClass } from "./class.ts";
import type { LinkFacts, Uplink } from "./uplink.ts";

export type ClassRequest = {
  readonly annotation: Found | undefined;
  /** That of its namespace. */
  readonly ofNamespace?: Found | undefined;
  readonly labels: Labels | undefined;
  /** The pod's. */
  readonly namespace?: PodNamespace | undefined;
  /** The conf's `defaults.class`. */
  readonly fallback: string | undefined;
  /** Of a pod that runs: a class in its annotation that it cannot have does not take the one away that it is in. */
  readonly runsIn?: RunsIn | undefined;
};

/** `class`: undefined where it is in none yet. */
export type RunsIn = { readonly class: string | undefined };

/** `labels`: undefined where they are not known. */
export type PodNamespace = { readonly name: string; readonly labels: Labels | undefined };

export type UplinkChoice = Choice & {
  readonly uplink: Uplink;
  /** The conf that it was decided from, and on what link. */
  readonly conf: UplinkConf;
  readonly link: LinkFacts & { readonly mtu: number };
};

/** A pod's class, once its requests have been read: what the node knows of the link is in it already. */
export type ChooseClass = (ofPod: Found | undefined, ofNamespace: Found | undefined) => UplinkChoice;

export type Choice = {
  readonly chosen: UplinkClass;
  readonly source: string;
  /** What could not be decided, for labels are not known: another class, perhaps, were they. */
  readonly undecided: readonly Undecided[];
  /** Why it is not the class that its annotation names, of a pod that runs. */
  readonly rejected?: string;
};

export type Undecided = { readonly source: string; readonly lacks: "pod's labels" | "namespace's labels" };

export function chooseClass(uplink: Uplink, request: ClassRequest): Choice {
  const { classes } = uplink;
  const { annotation, ofNamespace, fallback } = request;
  const byDefault = fallback === undefined ? undefined : named(classes, "defaults.class", fallback);
  const asked = annotation && annotated(classes, annotation, request);
  const said = ofNamespace && annotated(classes, ofNamespace, request);
  if (asked !== undefined && "chosen" in asked) return { ...asked, undecided: [] };
  const selectors = classes.filter(hasSelector).map((each) => ({ each, answer: selects(each, request) }));
  // What is not known does not stand in the way of what is.
  const selecting = selectors.find(({ answer }) => answer === true)?.each;
  const undecided = [
    ...(asked === undefined ? [] : [asked]),
    ...selectors.flatMap(({ each, answer }) =>
      typeof answer === "string" ? [{ source: selectorOf(each), lacks: answer }] : [],
    ),
  ];
  if (selecting !== undefined) return { chosen: selecting, source: selectorOf(selecting), undecided };
  if (said !== undefined && "chosen" in said) return { ...said, undecided };
  if (said !== undefined) undecided.push(said);
  if (byDefault !== undefined) return { ...byDefault, undecided };
  return { chosen: firstOf(classes), source: "uplink.default", undecided };
}

/** The default class. */
function firstOf([first]: readonly UplinkClass[]): UplinkClass {
  if (first === undefined) throw new CniError(ErrorCode.internal, "an uplink without classes");
  return first;
}

/** A class for some namespaces is not to be had from others, and not before it is known which the pod's is. */
function annotated(
  classes: readonly UplinkClass[],
  { field: source, text }: Found,
  request: ClassRequest,
): Omit<Choice, "undecided"> | Undecided {
  const asked = classes.find(({ name }) => name === text);
  if (asked === undefined) return keepingClass(classes, request, source, unknown(classes, source, text));
  const { namespaceSelector } = asked;
  const answer = namespaceSelector === undefined || selectsNamespace(namespaceSelector, request);
  if (answer === true) return { chosen: asked, source };
  if (answer === undefined) return { source, lacks: "namespace's labels" };
  const forbidden = `${source}: class ${JSON.stringify(text)} is not for pods of namespace ${request.namespace?.name ?? ""}: its namespaceSelector does not match`;
  return keepingClass(classes, request, source, forbidden);
}

/** A pod that runs stays where it is; where that class is not in the conf any more, it goes to the default one. */
function keepingClass(
  classes: readonly UplinkClass[],
  { runsIn }: ClassRequest,
  source: string,
  why: string,
): Omit<Choice, "undecided"> {
  if (runsIn === undefined) throw new CniError(ErrorCode.invalidConfig, why);
  const chosen = classes.find(({ name }) => name === runsIn.class) ?? firstOf(classes);
  return { chosen, source, rejected: `${why}; it is in class ${chosen.name}` };
}

function hasSelector({ selector, namespaceSelector }: UplinkClass): boolean {
  return selector !== undefined || namespaceSelector !== undefined;
}

function selects(
  { selector, namespaceSelector }: UplinkClass,
  request: ClassRequest,
): boolean | Undecided["lacks"] {
  // A runtime that gives no labels leaves them unknown, and even a selector that takes every pod is about labels.
  const pod = selector === undefined ? true : request.labels && matches(selector, request.labels, true);
  const namespace = namespaceSelector === undefined ? true : selectsNamespace(namespaceSelector, request);
  if (pod === false || namespace === false) return false;
  if (pod === undefined) return "pod's labels";
  return namespace ?? "namespace's labels";
}

/** Every namespace has its name as a label. */
function selectsNamespace(selector: Selector, { namespace }: ClassRequest): boolean | undefined {
  const itsName = namespace && { "kubernetes.io/metadata.name": namespace.name };
  return matches(selector, { ...namespace?.labels, ...itsName }, namespace?.labels !== undefined);
}

function selectorOf({ name, selector, namespaceSelector }: UplinkClass): string {
  const parts = [selector && "podSelector", namespaceSelector && "namespaceSelector"];
  return `uplink.classes.${name}.${parts.filter((part) => part !== undefined).join(" and ")}`;
}

/** What is let pass about a class, and should not stay so. */
export function classWarnings(
  { call: { ifname }, addresses }: Request,
  asked: { readonly own: Found | undefined; readonly namespace?: Found | undefined },
  uplink: UplinkChoice | undefined,
): readonly string[] {
  if (uplink === undefined) {
    // A namespace has pods on nodes and in networks of many kinds.
    const ofNamespace = asked.namespace === undefined ? [] : [lacksUplink(asked.namespace)];
    return asked.own === undefined ? ofNamespace : [withoutUplink(ifname, asked.own)];
  }
  const rejected = uplink.rejected === undefined ? [] : [uplink.rejected];
  return [...rejected, ...notDecided(uplink), ...addressWarnings(ifname, addresses, uplink)];
}

/** Of selectors nothing is said: on most nodes nobody knows labels. An annotation is somebody's word. */
function notDecided({ undecided }: Choice): readonly string[] {
  return undecided
    .filter(({ source }) => source.startsWith("annotation "))
    .map(
      ({ source, lacks }) => `${source} is not applied: its class asks for the ${lacks}, which are not known`,
    );
}

function addressWarnings(
  ifname: string,
  addresses: readonly string[],
  { chosen: { name, set } }: Choice,
): readonly string[] {
  const unusable = addresses.filter((address) => hostAddress(address) === undefined);
  if (set === undefined)
    return unusable.map((address) => `${isUnusable(ifname, address)}: class ${name} needs none`);
  const [first] = unusable;
  // Its traffic would be in no class, and nobody would see why.
  if (first !== undefined) {
    throw new CniError(
      ErrorCode.invalidConfig,
      `${isUnusable(ifname, first)}, and class ${name} knows its pods by address`,
      "the plugin before pod-qos that gives out addresses (its ipam) says so: it must give one such as 192.0.2.7/24",
    );
  }
  return addresses.length > 0
    ? []
    : [
        `class ${name} knows its pods by address, but prevResult has none of ${ifname}: its traffic is in no class`,
      ];
}

function isUnusable(ifname: string, address: string): string {
  return `prevResult.ips: ${JSON.stringify(address)} of ${ifname} is no address that a packet can have`;
}

/** A plain key speaks of every interface of the pod, and another network may have the uplink; of eth0 there is no other. */
function withoutUplink(ifname: string, found: Found): string {
  const message = lacksUplink(found);
  if (ifname !== "eth0" && found.key.startsWith("pod-qos/")) return message;
  throw new CniError(ErrorCode.invalidConfig, message);
}

function lacksUplink({ field, text }: Found): string {
  return `${field} is "${text}", but the conf of this network has no "uplink", so there are no classes`;
}

function named(
  classes: readonly UplinkClass[],
  source: string,
  name: string,
): Pick<Choice, "chosen" | "source"> {
  const chosen = classes.find((candidate) => candidate.name === name);
  if (chosen !== undefined) return { chosen, source };
  throw new CniError(ErrorCode.invalidConfig, unknown(classes, source, name));
}

function unknown(classes: readonly UplinkClass[], source: string, name: string): string {
  const names = classes.map((each) => each.name).join(", ");
  return `${source}: there is no class ${JSON.stringify(name)}: uplink.classes has ${names}`;
}
