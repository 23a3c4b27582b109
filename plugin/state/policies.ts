/** The manifests of a policy directory that speak of an attachment, from the cache where that is as good as the files. */
import { CniError, ErrorCode } from "../errors.ts";
import { combine, type ApiSource } from "../policy/manifests/combine.ts";
import type { Labels } from "../cni/request.ts";
import type { Directory, Surroundings } from "../policy/manifests/manifest.ts";
import type { PolicySource } from "../policy/manifests/source.ts";
import {
  answerFrom,
  noManifestRules,
  rulesFrom,
  type Answer,
  type ManifestRules,
} from "../policy/manifests/answer.ts";
import type { PodInterface } from "../policy/manifests/select.ts";
import { checksum } from "./checksum.ts";
import { writeCache } from "./policy-cache-file.ts";
import { withCache } from "./policy-cache.ts";
import { compileFiles, inDirectory, stampFiles, type Stamps } from "./policy-files.ts";

export type PolicyPaths = { readonly policyDir: string; readonly stateDir: string };

/** CHECK and explain write nothing. */
export type Keep = "keep" | "forget";

/** `api`: what the Kubernetes API has, in one order with what the files have. */
export async function loadPolicies(
  place: PolicyPaths,
  attachment: PodInterface,
  keep: Keep,
  api?: ApiSource,
): Promise<ManifestRules> {
  const { namespace } = attachment.pod;
  const stamps = stampFiles(place.policyDir);
  if (namespace === undefined) {
    return stamps.names.length === 0
      ? noManifestRules
      : { ...noManifestRules, warnings: [namespaceUnknown(place)] };
  }
  if (stamps.names.length === 0) return api === undefined ? noManifestRules : rulesFrom(api, attachment);
  const answer = (directory: PolicySource): Answer =>
    answerFrom(api === undefined ? directory : combine(api, directory), attachment);
  const cached = withCache(cachePath(place), stamps.key, answer);
  if (cached !== undefined) return withoutFaults(place, cached);
  const compiled = await compileAndKeep(place, stamps, keep);
  return withoutFaults(place, answer(sourceOf(compiled)));
}

/** Throws if no pod could be served with the files. STATUS asks so every few seconds, hence it keeps what it compiled. */
export async function assertReadable(place: PolicyPaths): Promise<void> {
  const stamps = stampFiles(place.policyDir);
  if (stamps.names.length > 0 && withCache(cachePath(place), stamps.key, () => true) === undefined) {
    await compileAndKeep(place, stamps, "keep");
  }
}

/** By its manifest; undefined where there is none. */
export async function namespaceLabels(
  place: PolicyPaths,
  name: string,
  keep: Keep,
): Promise<Labels | undefined> {
  const stamps = stampFiles(place.policyDir);
  if (stamps.names.length === 0) return undefined;
  const labelsIn = ({ namespaces }: Surroundings): Labels | undefined =>
    namespaces.find((namespace) => namespace.name === name)?.labels;
  const cached = withCache(cachePath(place), stamps.key, ({ surroundings }) => surroundings(""));
  return labelsIn(cached ?? (await compileAndKeep(place, stamps, keep)).surroundings);
}

/** Whether an object there asks for labels of NetworkAttachmentDefinitions. */
export async function selectsNetworks(place: PolicyPaths): Promise<boolean> {
  const stamps = stampFiles(place.policyDir);
  if (stamps.names.length === 0) return false;
  const cached = withCache(cachePath(place), stamps.key, (cache) => cache.selectsNetworks);
  return cached ?? (await compileAndKeep(place, stamps, "keep")).selectsNetworks;
}

function sourceOf({ namespaces, surroundings }: Directory): PolicySource {
  return {
    policies: (namespace) => {
      const policies = namespaces.get(namespace);
      return (
        policies && {
          ...policies,
          networkQos: policies.networkQos.map(({ rules, ...head }) => ({ ...head, readRules: () => rules })),
        }
      );
    },
    surroundings: () => surroundings,
  };
}

function withoutFaults({ policyDir }: PolicyPaths, { faults, ...rules }: Answer): ManifestRules {
  const [first, ...others] = faults;
  if (first === undefined) return rules;
  throw inDirectory(policyDir, new CniError(ErrorCode.invalidConfig, first, others.join("\n")));
}

/** Timestamps advance in steps: within one of them a file can change twice and look the same. */
const settlesAfterMs = 2_000;

/** A file from the future is not settled either: the clock was set back, and the next change may bear any time. */
function isSettled({ youngestMs, takenMs }: Stamps): boolean {
  return takenMs - youngestMs > settlesAfterMs;
}

/** What cannot be kept is compiled again next time. */
async function compileAndKeep(place: PolicyPaths, before: Stamps, keep: Keep): Promise<Directory> {
  const { compiled, stamps } = await compileFiles(place.policyDir, before);
  if (keep === "forget" || !isSettled(stamps)) return compiled;
  try {
    writeCache(cachePath(place), stamps.key, compiled);
  } catch (error) {
    if (!(error instanceof Error && "syscall" in error)) throw error;
  }
  return compiled;
}

/** Confs may share a state directory and not their policies. The key names the directory: a clash costs time, no more. */
function cachePath({ policyDir, stateDir }: PolicyPaths): string {
  return `${stateDir}/policies/${checksum(Buffer.from(policyDir)).toString(16).padStart(8, "0")}`;
}

function namespaceUnknown({ policyDir }: PolicyPaths): string {
  return `no policy of ${policyDir} is applied: the runtime did not say the pod's namespace (K8S_POD_NAMESPACE in CNI_ARGS)`;
}
