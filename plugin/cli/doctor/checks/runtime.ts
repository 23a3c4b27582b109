/** Whether the container runtime has loaded what the conf directory has. */
import { isDeepStrictEqual } from "node:util";
import { isOurs } from "../../../cni/chain-file.ts";
import { chainOf } from "../chain.ts";
import { error, unseen, warning, type Check, type Finding } from "../check.ts";
import type { RuntimeAnswer } from "../../../runtime/ask.ts";
import type { Facts } from "../facts.ts";
import { quoted } from "../shell.ts";
import { isFrom } from "../version.ts";

export const runtimeChecks: readonly Check[] = [
  { id: "runtime-answers", wants: "the container runtime answers", find: ofAnswer },
  { id: "runtime-version", wants: "the runtime passes on annotations", find: ofVersion },
  {
    id: "runtime-directories",
    wants: "the runtime has the directories that doctor looks at",
    find: ofDirectories,
  },
  { id: "runtime-ready", wants: "the runtime has a network", find: ofReady },
  { id: "runtime-loaded", wants: "the runtime has loaded what the conf directory has", find: ofLoaded },
];

function answerOf({ runtime }: Facts): RuntimeAnswer | undefined {
  return runtime.answers ? runtime : undefined;
}

function ofAnswer({ runtime }: Facts): Finding | undefined {
  if (runtime.answers) return undefined;
  const { fault, service } = runtime;
  return unseen(
    `no container runtime says what it has loaded: ${fault}`,
    service === undefined ? undefined : `systemctl restart ${service}`,
  );
}

/** From when on the capability with the pod's annotations is offered. */
const offers: Readonly<Record<string, readonly [number, number]>> = { containerd: [1, 5], "cri-o": [1, 29] };

function ofVersion(facts: Facts): Finding | undefined {
  const { name = "", version = "" } = answerOf(facts) ?? {};
  const since = offers[name];
  if (since === undefined || isFrom(version, since)) return undefined;
  return error(
    `${name} ${version} has no io.kubernetes.cri.pod-annotations: only kubernetes.io bandwidth arrives. Upgrade to ${since.join(".")}`,
  );
}

function ofDirectories(facts: Facts): Finding | undefined {
  const { confDir, binDirs = [] } = answerOf(facts) ?? {};
  const { chain, root } = facts;
  const isOther = confDir !== undefined && confDir !== chain.onNode.confDir;
  const isElsewhere = binDirs.length > 0 && !binDirs.includes(chain.onNode.binDir);
  if (!isOther && !isElsewhere) return undefined;
  const [binDir] = binDirs;
  const options = [
    ...(root === "" ? [] : ["--root", root]),
    ...(confDir === undefined ? [] : ["--conf-dir", confDir]),
    ...(binDir === undefined ? [] : ["--bin-dir", binDir]),
  ];
  return warning(
    `the runtime reads ${confDir ?? "?"} and starts plugins from ${binDirs.join(", ")}: doctor looked at ${chain.onNode.confDir} and ${chain.onNode.binDir} instead`,
    ["pod-qos", "doctor", ...options.map(quoted)].join(" "),
  );
}

/** Any write or removal in there makes the runtime read it again. */
function reload(facts: Facts): string {
  const path = quoted(`${facts.chain.confDir}/.pod-qos.tmp`);
  return `echo >${path} && rm ${path}`;
}

/** What is wrong with the conf itself is reported there. */
function ofReady(facts: Facts): Finding | undefined {
  const answer = answerOf(facts);
  const why = answer?.fault ?? answer?.notReady;
  if (why === undefined || typeof chainOf(facts.chain) !== "object") return undefined;
  return error(`no pod starts: ${why}`, reload(facts));
}

function ofLoaded(facts: Facts): Finding | undefined {
  const answer = answerOf(facts);
  const chain = chainOf(facts.chain);
  if (typeof chain !== "object" || answer === undefined || !answer.reportsChain) return undefined;
  if (ofDirectories(facts) !== undefined || ofReady(facts) !== undefined) return undefined;
  const { network = "", plugins = [] } = answer.chains[0] ?? {};
  // Multus calls the chain, and the runtime only Multus.
  if (chain.place === "delegate" || plugins.some(({ type }) => String(type).startsWith("multus")))
    return undefined;
  const isSame = network === chain.network && isDeepStrictEqual(plugins.map(bare), chain.plugins.map(bare));
  if (isSame) return undefined;
  const has = plugins.some(isOurs) ? "with another entry of pod-qos, or other plugins" : "without pod-qos";
  const types = plugins.map(({ type }) => String(type)).join(", ") || "none";
  return error(
    `the runtime has a chain of ${JSON.stringify(network)} (${types}), ${has}: not what ${facts.chain.confDir}/${chain.file} says`,
    reload(facts),
  );
}

/** libcni writes the list's name and version into each plugin. */
function bare(plugin: Readonly<Record<string, unknown>>): object {
  const { name: _name, cniVersion: _version, ...own } = plugin;
  return own;
}
