import { execaSync } from "execa";
import { describe, test } from "vitest";
import { missingPrograms } from "../../../scripts/lab/cluster/programs.ts";
import { FEATURES, type Feature } from "./features.ts";
import { peer, pinnedSuite, pluginBuilt } from "./paths.ts";

/** What a test cannot do without. */
export interface Needs {
  /** Kernel features. The small kernel lacks some; the vm tier runs the same suite on one that has them all. */
  readonly features?: readonly Feature[];
  /** CNI clients and plugins: `cnitool`, `flannel`, `bandwidth`, ... */
  readonly peers?: readonly string[];
  /** Suites of tests that others wrote: `plugins-integration`. */
  readonly suites?: readonly string[];
  /** Programs of Kubernetes that scripts/lab/peers.json pins: `kube-apiserver`, `etcd`, ... */
  readonly kubernetes?: readonly string[];
  /** Programs on the PATH. */
  readonly tools?: readonly string[];
  /** The executable under test. */
  readonly plugin?: boolean;
}

/**
 * `describe` for a suite with needs. Where they are not met it stands in the report as "not run: ... needs ...".
 * A missing peer, tool or build then fails when CI=true, and a missing kernel feature when POD_QOS_VM=1,
 * which the vm tier sets: a silent skip is a defect.
 */
export const suite = (name: string, needs: Needs, body: () => void): void => {
  const lacking = missing(needs);
  if (lacking.length === 0) {
    describe(name, body);
    return;
  }
  const title = `not run: ${name} needs ${lacking.map((one) => one.what).join(", ")}`;
  if (!lacking.some((one) => one.fatal)) {
    test.skip(title);
    return;
  }
  test(title, () => {
    throw new Error(title);
  });
};

export interface Lacking {
  readonly what: string;
  /** True where the absence is a failure and not a fact about the machine. */
  readonly fatal: boolean;
}

/** What of `needs` this machine has not got. */
export const missing = (needs: Needs): readonly Lacking[] => {
  const inCi = process.env["CI"] === "true";
  const stock = process.env["POD_QOS_VM"] === "1";
  const features = (needs.features ?? [])
    .filter((name) => !hasFeature(name))
    .map((name) => ({ what: `the kernel feature ${name}`, fatal: stock }));
  // Nothing else that is missing matters on a kernel that cannot run it.
  if (features.length > 0 && !stock) return features;
  return [
    ...(needs.plugin === true && !pluginBuilt() ? [{ what: "dist/pod-qos", fatal: true }] : []),
    ...(needs.peers ?? [])
      .filter((name) => peer(name) === undefined)
      .map((name) => ({ what: `the CNI peer ${name}`, fatal: inCi })),
    ...(needs.suites ?? [])
      .filter((name) => pinnedSuite(name) === undefined)
      .map((name) => ({ what: `the suite ${name}`, fatal: inCi })),
    ...missingPrograms(needs.kubernetes ?? []).map(({ name }) => ({
      what: `${name} of Kubernetes`,
      fatal: inCi,
    })),
    ...(needs.tools ?? [])
      .filter((name) => !hasTool(name))
      .map((name) => ({ what: `the program ${name}`, fatal: inCi })),
    ...features,
  ];
};

/** Tried for real in a throwaway network namespace, once per process. */
export const hasFeature = (name: Feature): boolean => {
  const known = found.get(name);
  if (known !== undefined) return known;
  const script = ["ip link add v0 type veth peer name v1", "ip link set v0 up", ...FEATURES[name]].join("\n");
  const { exitCode } = execaSync("unshare", ["--net", "sh", "-ec", script], {
    reject: false,
    timeout: 20_000,
  });
  found.set(name, exitCode === 0);
  return exitCode === 0;
};

const found = new Map<Feature, boolean>();

const hasTool = (name: string): boolean =>
  execaSync("sh", ["-c", 'command -v "$1"', "sh", name], { reject: false, env: { PATH: TOOL_PATH } })
    .exitCode === 0;

const TOOL_PATH = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin:/usr/local/go/bin`;
