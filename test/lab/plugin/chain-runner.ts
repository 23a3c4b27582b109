import { forget, recalled, remember, remembered, type CacheKey } from "./chain-cache.ts";
import type { Attachment, ChainOptions, ChainVerb, Conflist, PluginConf } from "./conflist.ts";
import type { LabNode } from "../node/node.ts";
import { cniPath, NODE_CNI_BIN, peer } from "../node/paths.ts";
import { callPlugin, type PluginResult } from "./plugin.ts";
import type { Pod } from "../node/pod.ts";
import type { ExecResult } from "../node/process.ts";

/** libcni's semantics in small, for machines without Go and for what cnitool cannot be told. */
export const runByOurselves = async (
  node: LabNode,
  verb: ChainVerb,
  list: Conflist,
  pod: Pod,
  options: ChainOptions,
): Promise<ExecResult> => {
  const attachment = {
    containerID: options.containerId ?? pod.containerId,
    ifname: options.ifname ?? "eth0",
  };
  const run: Run = { node, list, options, attachment, netns: pod.netns };
  switch (verb) {
    case "add":
      return add(run);
    case "del":
      return del(run);
    case "check":
      return check(run);
    case "gc":
      return gc(run);
    case "status":
      return inOrder(run, "STATUS", list.plugins, {});
  }
};

interface Run {
  readonly node: LabNode;
  readonly list: Conflist;
  readonly options: ChainOptions;
  readonly attachment: Attachment;
  readonly netns: string;
}

const keyOf = ({ node, list, attachment }: Run): CacheKey => ({ node, network: list.name, attachment });

/** Each plugin gets the answer of the one before; the last answer is kept for CHECK and DEL. */
const add = async (run: Run): Promise<ExecResult> => {
  let last: ExecResult = nothingToDo;
  let prevResult: unknown;
  for (const plugin of run.list.plugins) {
    const answer = await call(run, "ADD", plugin, prevResult === undefined ? {} : { prevResult });
    if (answer.exitCode !== 0) return answer;
    ({ json: prevResult } = answer);
    last = answer;
  }
  remember(keyOf(run), run, prevResult);
  return last;
};

/** Reverse order; before 0.4.0 nobody is told the result; the cache goes when all succeeded. */
const del = async (run: Run): Promise<ExecResult> => {
  const extra = atLeast(run.list.cniVersion, "0.4.0") ? recalled(keyOf(run)) : {};
  const done = await inOrder(run, "DEL", run.list.plugins.toReversed(), extra);
  if (done.exitCode === 0) forget(keyOf(run));
  return done;
};

const check = async (run: Run): Promise<ExecResult> => {
  if (!atLeast(run.list.cniVersion, "0.4.0")) {
    return failed(`configuration version ${run.list.cniVersion} does not support CHECK`);
  }
  if (run.list.disableCheck === true) return nothingToDo;
  return inOrder(run, "CHECK", run.list.plugins, recalled(keyOf(run)));
};

/** First DEL for what is cached but no longer valid, then GC with the list of what is. */
const gc = async (run: Run): Promise<ExecResult> => {
  const valid = run.options.validAttachments ?? [];
  for (const stale of remembered(run.node, run.list.name)) {
    const known = valid.some((one) => one.containerID === stale.containerID && one.ifname === stale.ifname);
    if (!known) await del({ ...run, attachment: stale, netns: stale.netns });
  }
  if (!atLeast(run.list.cniVersion, "1.1.0")) return nothingToDo;
  const lists = { "cni.dev/valid-attachments": valid, "cni.dev/attachments": valid };
  return inOrder(run, "GC", run.list.plugins, lists);
};

const inOrder = async (
  run: Run,
  verb: "DEL" | "CHECK" | "GC" | "STATUS",
  plugins: readonly PluginConf[],
  extra: object,
): Promise<ExecResult> => {
  if (verb === "STATUS" && !atLeast(run.list.cniVersion, "1.1.0")) return nothingToDo;
  for (const plugin of plugins) {
    const answer = await call(run, verb, plugin, extra);
    if (answer.exitCode !== 0) return answer;
  }
  return nothingToDo;
};

const call = (
  run: Run,
  command: "ADD" | "DEL" | "CHECK" | "GC" | "STATUS",
  plugin: PluginConf,
  extra: object,
): Promise<PluginResult> => {
  const { options, attachment, list } = run;
  const aboutPod = command !== "GC" && command !== "STATUS";
  const runtimeConfig = Object.fromEntries(
    Object.entries(options.capArgs ?? {}).filter(([name]) => plugin.capabilities?.[name] === true),
  );
  return callPlugin(run.node, {
    command,
    plugin: (plugin.type === "pod-qos" ? undefined : peer(plugin.type)) ?? `${NODE_CNI_BIN}/${plugin.type}`,
    path: cniPath(),
    conf: {
      ...plugin,
      name: list.name,
      cniVersion: list.cniVersion,
      ...(aboutPod && Object.keys(runtimeConfig).length > 0 ? { runtimeConfig } : {}),
      ...extra,
    },
    ...(aboutPod ? { containerId: attachment.containerID, ifname: attachment.ifname, netns: run.netns } : {}),
    ...(options.cniArgs === undefined ? {} : { args: options.cniArgs }),
    ...(options.env === undefined ? {} : { env: options.env }),
  });
};

/** Compares two CNI versions, number by number. */
const atLeast = (version: string, wanted: string): boolean =>
  version.localeCompare(wanted, "en", { numeric: true }) >= 0;

const nothingToDo: ExecResult = { exitCode: 0, signal: undefined, stdout: "", stderr: "", command: "chain" };

const failed = (stderr: string): ExecResult => ({ ...nothingToDo, exitCode: 1, stderr });
