/** Whether a runtime that reads the conf directory comes to us: that there is a chain, and that we are in it. */
import { isObject, type JsonObject } from "../../../cni/fields.ts";
import { isOurs, isRead, ourEntry, readDocument, type TextFile } from "../../../cni/chain-file.ts";
import { chainOf, mentionsUs, type Chain } from "../chain.ts";
import { error, unseen, type Check, type Finding } from "../check.ts";
import type { ChainFacts, Facts } from "../facts.ts";
import { installed, quoted } from "../shell.ts";
import { removed } from "./rewritten.ts";

export const chainChecks: readonly Check[] = [
  { id: "chain-conf", wants: "the first conf of the conf directory can be read", find: ofConf },
  { id: "chain-cilium", wants: "cilium has renamed no conf of pod-qos", find: ofCilium },
  { id: "chain-unread", wants: "no conf of pod-qos is where no runtime reads it", find: ofUnread },
  { id: "chain-drop-in", wants: "no drop-in file of pod-qos is ignored", find: ofDropIns },
  { id: "chain-missing", wants: "pod-qos is in a conf", find: ofMissing },
];

function ofConf({ chain: facts }: Facts): Finding | undefined {
  const { confDir, fault, files } = facts;
  const option = `or name the runtime's own: pod-qos doctor --conf-dir DIR`;
  if (fault !== undefined) return unseen(`${confDir} cannot be read: ${fault}; ${option}`);
  const chain = chainOf(facts);
  if (chain === undefined)
    return error(`${confDir} has no conf: install the primary plugin first, ${option}`);
  if (typeof chain === "object") return undefined;
  const { name = "" } = files.find(isRead) ?? {};
  return error(
    `${confDir}/${chain}: the runtime has no network until the file is corrected or renamed`,
    `mv ${quoted(`${confDir}/${name}`)} ${quoted(`${confDir}/${name}.broken`)}`,
  );
}

/** The chain, where it is not ours yet. */
function strange(facts: ChainFacts): Chain | undefined {
  const chain = chainOf(facts);
  return typeof chain === "object" && !chain.plugins.some(isOurs) ? chain : undefined;
}

const isPutAway = ({ name }: TextFile): boolean => name.endsWith(".cilium_bak");

function ofCilium({ chain: facts }: Facts): Finding | undefined {
  const bak = facts.files.find((file) => isPutAway(file) && mentionsUs(file));
  if (strange(facts) === undefined || bak === undefined) return undefined;
  const path = `${facts.confDir}/${bak.name}`;
  return error(
    `${path}: cilium renamed it, and does so again unless it runs with cni-exclusive "false" (Helm: cni.exclusive=false). Set that first`,
    `mv ${quoted(path)} ${quoted(path.replace(/\.cilium_bak$/, ""))}`,
  );
}

function ofUnread(all: Facts): Finding | undefined {
  const { chain: facts } = all;
  const chain = strange(facts);
  const unread = facts.files.find((file) => !isPutAway(file) && mentionsUs(file));
  if (chain === undefined || unread === undefined) return undefined;
  const why = isRead(unread) ? `it takes the first, ${chain.file}` : "it reads no file of that ending";
  return error(
    `${facts.confDir}/${unread.name} has pod-qos, and no runtime reads it: ${why}`,
    `${installed(all, entryIn(unread))} && ${removed(`${facts.confDir}/${unread.name}`)}`,
  );
}

/** As somebody wrote it; undefined where it cannot be read. */
function entryIn(file: TextFile): JsonObject | undefined {
  const document = readDocument(file);
  if (typeof document === "string") return undefined;
  const { plugins } = document;
  const entry = ourEntry(Array.isArray(plugins) ? plugins.filter(isObject) : [document]);
  if (entry === undefined) return undefined;
  return Object.fromEntries(Object.entries(entry).filter(([key]) => key !== "cniVersion" && key !== "name"));
}

/** A drop-in is read for a list of its directory's name, which may say that it wants none, and for no conf of a single plugin. */
function ofDropIns(all: Facts): Finding | undefined {
  const { chain: facts } = all;
  const chain = strange(facts);
  const ignored = facts.dropIns.find(mentionsUs);
  if (chain === undefined || ignored === undefined) return undefined;
  const path = `${facts.confDir}/${ignored.directory}/${ignored.name}`;
  return error(
    `${path} has pod-qos, and is ignored: ${whyIgnored(chain, ignored, facts)}`,
    `${installed(all, entryIn(ignored))} && ${removed(path)}`,
  );
}

function whyIgnored(
  { file, network, place, document }: Chain,
  { directory, name }: { readonly directory: string; readonly name: string },
  { withoutDropIns }: ChainFacts,
): string {
  if (!name.endsWith(".conf")) return "a drop-in file ends in .conf";
  if (directory !== network) return `the network of ${file} is called ${JSON.stringify(network)}`;
  if (place === "single") return `${file} is the conf of a single plugin, which takes none`;
  if (document["loadOnlyInlinedPlugins"] === true) return `${file} says "loadOnlyInlinedPlugins": true`;
  return file.endsWith(".conflist") ? (withoutDropIns ?? "") : `${file} is no .conflist`;
}

function ofMissing(all: Facts): Finding | undefined {
  const { chain: facts } = all;
  const chain = strange(facts);
  if (chain === undefined || [...facts.files, ...facts.dropIns].some(mentionsUs)) return undefined;
  return error(
    `${facts.confDir}/${chain.file} is what the runtime takes, and pod-qos is not in its chain: no pod has a limit`,
    installed(all),
  );
}
