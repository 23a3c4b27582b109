/**
 * One entry of a conflist, decoded. Pure. The names are the product's contract.
 * Amounts and marks stay as they were written: what they mean, and whether they can be, is policy's to say.
 */
import { CniError, ErrorCode, invalidValue } from "../errors.ts";
import { checkCapabilities } from "./capabilities.ts";
import {
  aCount,
  anAbsolutePath,
  anObject,
  aString,
  oneOf,
  optional,
  refuseUnknownKeys,
  type Decoder,
  type JsonObject,
} from "./fields.ts";
import { cniKeys, defaultsKeys, formerKeys, ownKeys } from "./keys.ts";
import { parseUplink, type UplinkConf } from "./uplink.ts";

/** From what is told least often to what must be seen. */
export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

const enforcements = ["auto", "host", "pod"] as const;
export type Enforce = (typeof enforcements)[number];

export const disciplines = ["shape", "police"] as const;
export type Discipline = (typeof disciplines)[number];

/** What ADD does while the node's agent is away. */
const agents = ["optional", "required"] as const;

/** bit/s and bits, as in the CNI bandwidth plugin. */
export type StaticCap = { readonly rate: number; readonly burst: number };

export type Conf = {
  readonly network: string;
  readonly ingress: StaticCap | undefined;
  readonly egress: StaticCap | undefined;
  readonly defaults: {
    readonly ingressBandwidth: unknown;
    readonly egressBandwidth: unknown;
    readonly dscp: unknown;
    readonly class: string | undefined;
  };
  readonly enforce: Enforce;
  readonly discipline: Discipline;
  /** The conf's `egress`: rules for every pod of this network. */
  readonly rules: unknown;
  /** Where EgressQoS and NetworkQoS manifests are; with no such key there are none. */
  readonly policyDir: string | undefined;
  /** The classes of the node's uplink; with no such key its traffic is left as it is. */
  readonly uplink: UplinkConf | undefined;
  /** Whether a pod may start that the node's agent says nothing of. */
  readonly agent: (typeof agents)[number];
  readonly stateDir: string;
  readonly logFile: string | undefined;
  readonly logLevel: LogLevel;
};

export const defaultStateDir = "/run/pod-qos";

export function parseConf(conf: JsonObject, network: string): Conf {
  refuseUnknownKeys(conf, "", [...ownKeys, ...cniKeys], formerKeys);
  optional(conf, "", "capabilities", checkCapabilities);
  const defaults = optional(conf, "", "defaults", anObject) ?? {};
  refuseUnknownKeys(defaults, "defaults.", defaultsKeys);
  const uplink = optional(conf, "", "uplink", parseUplink);
  const defaultClass = optional(defaults, "defaults.", "class", aString);
  if (defaultClass !== undefined && uplink === undefined) {
    throw invalidValue(
      "defaults.class",
      defaultClass,
      'only with "uplink", which says what classes there are',
    );
  }
  return {
    network,
    ingress: staticCap(conf, "ingress"),
    egress: staticCap(conf, "egress"),
    defaults: {
      ingressBandwidth: defaults["ingressBandwidth"] ?? undefined,
      egressBandwidth: defaults["egressBandwidth"] ?? undefined,
      dscp: defaults["dscp"] ?? undefined,
      class: defaultClass,
    },
    enforce: optional(conf, "", "enforce", oneOf(enforcements)) ?? "auto",
    discipline: optional(conf, "", "discipline", oneOf(disciplines)) ?? "shape",
    rules: conf["egress"] ?? undefined,
    policyDir: optional(conf, "", "policyDir", anAbsolutePath),
    uplink,
    agent: optional(conf, "", "agent", oneOf(agents)) ?? "optional",
    stateDir: optional(conf, "", "stateDir", anAbsolutePath) ?? defaultStateDir,
    logFile: optional(conf, "", "logFile", anAbsolutePath),
    logLevel: optional(conf, "", "logLevel", oneOf(logLevels)) ?? "info",
  };
}

/** The fields that DEL and the log need, read so that nothing an operator mistyped can block a pod's deletion. */
export function readLeniently(conf: JsonObject): Pick<Conf, "stateDir" | "logFile" | "logLevel"> {
  const tolerant = <Value>(key: string, decode: Decoder<Value>): Value | undefined => {
    try {
      return optional(conf, "", key, decode);
    } catch {
      return undefined;
    }
  };
  return {
    stateDir: tolerant("stateDir", anAbsolutePath) ?? defaultStateDir,
    logFile: tolerant("logFile", anAbsolutePath),
    logLevel: tolerant("logLevel", oneOf(logLevels)) ?? "info",
  };
}

/** The bandwidth plugin's rules: rate and burst come as a pair, 0 is "not set". */
function staticCap(conf: JsonObject, direction: "ingress" | "egress"): StaticCap | undefined {
  const rateKey = `${direction}Rate`;
  const burstKey = `${direction}Burst`;
  const rate = optional(conf, "", rateKey, aCount) ?? 0;
  const burst = optional(conf, "", burstKey, aCount) ?? 0;
  if (rate === 0 && burst === 0) return undefined;
  const lonely = rate === 0 ? [burstKey, rateKey] : burst === 0 ? [rateKey, burstKey] : undefined;
  if (lonely !== undefined) {
    const [present, missing] = lonely;
    throw new CniError(
      ErrorCode.invalidConfig,
      `${present} is ${rate || burst} but ${missing} is not set: if one is set the other must be, too ` +
        `(for a cap with a burst of our own choice use defaults.${direction}Bandwidth)`,
    );
  }
  return { rate, burst };
}
