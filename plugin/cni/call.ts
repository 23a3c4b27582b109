/** What the runtime said in the environment: verb, container, netns, interface. Pure. */
import { CniError, ErrorCode } from "../errors.ts";

export const verbs = ["ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION"] as const;
export type Verb = (typeof verbs)[number];

export type Call = {
  readonly verb: Verb;
  readonly containerId: string;
  /** Empty where the runtime gave none: DEL after the namespace is gone, and every verb without an attachment. */
  readonly netns: string;
  readonly ifname: string;
  readonly args: Readonly<Record<string, string>>;
};

type Environment = Readonly<Record<string, string | undefined>>;

type Rule = {
  readonly name: string;
  readonly requiredFor: readonly Verb[];
  /** What is wrong with a value that is there; undefined when it is fine. */
  readonly fault: (value: string) => string | undefined;
};

/** CNI_PATH is left out on purpose: the specification wants it for GC only, and this plugin delegates to nobody. */
const rules: readonly Rule[] = [
  { name: "CNI_CONTAINERID", requiredFor: ["ADD", "DEL", "CHECK"], fault: identifierFault },
  { name: "CNI_NETNS", requiredFor: ["ADD", "CHECK"], fault: () => undefined },
  { name: "CNI_IFNAME", requiredFor: ["ADD", "DEL", "CHECK"], fault: interfaceFormFault },
];

export function readCall(env: Environment): Call {
  const verb = verbs.find((known) => known === env["CNI_COMMAND"]);
  if (verb === undefined) {
    throw new CniError(
      ErrorCode.invalidEnvironment,
      `CNI_COMMAND ${JSON.stringify(env["CNI_COMMAND"] ?? "")} is not a CNI verb: expected one of ${verbs.join(", ")}`,
    );
  }
  const faults = rules.flatMap((rule) => ruleFaults(rule, verb, env[rule.name] ?? ""));
  if (faults.length > 0) {
    throw new CniError(ErrorCode.invalidEnvironment, `invalid environment for ${verb}: ${faults.join("; ")}`);
  }
  return {
    verb,
    containerId: env["CNI_CONTAINERID"] ?? "",
    netns: env["CNI_NETNS"] ?? "",
    ifname: env["CNI_IFNAME"] ?? "",
    args: readArgs(env["CNI_ARGS"] ?? ""),
  };
}

/** Container IDs and network names go into file names and kernel names: CNI's own pattern keeps both safe. */
export function identifierFault(value: string): string | undefined {
  return /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(value)
    ? undefined
    : `${JSON.stringify(value)} must start with a letter or digit, then letters, digits, "_", "." or "-"`;
}

/** Of a name that is to be written into a batch of tc or a rule of iptables. */
export function interfaceNameFault(value: string): string | undefined {
  // Legal for the kernel, but syntax in a tc batch (quotes, #) or in iptables (a trailing + is a wildcard).
  const isSyntax = /["'\\#+!]|^-|[^\x21-\x7e]/.test(value);
  return (
    interfaceFormFault(value) ??
    (isSyntax ? `${JSON.stringify(value)} has a character that tc or iptables reads as syntax` : undefined)
  );
}

/** What CNI and the kernel ask of one. With others a pod without requests lives well, and none must be kept from its end. */
export function interfaceFormFault(value: string): string | undefined {
  if (value === "." || value === "..") return `${JSON.stringify(value)} is not an interface name`;
  if (value.length > 15) return `${JSON.stringify(value)} is longer than 15 characters`;
  return /^[^/:\s]+$/.test(value)
    ? undefined
    : `${JSON.stringify(value)} must not contain "/", ":" or white space`;
}

function ruleFaults(rule: Rule, verb: Verb, value: string): readonly string[] {
  if (!rule.requiredFor.includes(verb)) return [];
  if (value === "") return [`${rule.name} is missing`];
  const fault = rule.fault(value);
  return fault === undefined ? [] : [`${rule.name} ${fault}`];
}

/**
 * CNI_ARGS is K=V;K=V in any order. A pair without "=" is skipped: CRI-O and podman pass the daemon's own CNI_ARGS on. What
 * decides anything here is K8S_POD_NAMESPACE: whose manifests apply.
 */
function readArgs(text: string): Readonly<Record<string, string>> {
  const pairs = text.split(";").flatMap((pair) => {
    const at = pair.indexOf("=");
    return at > 0 ? [[pair.slice(0, at), pair.slice(at + 1)] as const] : [];
  });
  return Object.fromEntries(pairs);
}
