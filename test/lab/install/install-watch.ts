/** `install --watch` at work on an install site, and what a runtime would find in the conf directory meanwhile. */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { binDir, confDir, type InstallSite } from "./install-site.ts";
import { pluginPath } from "../node/paths.ts";

export type Watch = {
  readonly pid: number;
  /** What it has said until now. */
  readonly log: () => string;
  /** SIGTERM; the exit code. */
  readonly stop: () => Promise<number>;
  readonly kill: () => Promise<void>;
};

let watches = 0;

export const startWatch = (site: InstallSite, ...args: readonly string[]): Watch => {
  const logFile = `/run/watch-${(watches += 1)}.log`;
  writeFileSync(site.node.path(logFile), "");
  const command = [pluginPath(), "install", "--watch", "--bin-dir", binDir, "--conf-dir", confDir, ...args];
  const shell = ["-c", `exec "$@" 2>${logFile}`, "sh", ...command];
  const running = site.node.start("sh", shell, { timeoutMs: 600_000 });
  return {
    pid: running.pid,
    log: () => readFileSync(site.node.path(logFile), "utf8"),
    stop: async () => {
      running.kill("SIGTERM");
      return (await running.done).exitCode;
    },
    kill: async () => {
      running.kill("SIGKILL");
      await running.done;
    },
  };
};

/** The plugins that the confs of a site name, so that "an executable that is missing" means something. */
export const putPlugins = (site: InstallSite, ...names: readonly string[]): void =>
  names.forEach((name) => writeFileSync(site.node.path(`${binDir}/${name}`), "", { mode: 0o755 }));

export const pathOf = (site: InstallSite, name: string): string => site.node.path(`${confDir}/${name}`);

export const isThere = (site: InstallSite, name: string): boolean => existsSync(pathOf(site, name));

/** As a careful primary does it: the runtime sees the old file or the new one. */
export const putWhole = (site: InstallSite, name: string, text: string): void => {
  writeFileSync(pathOf(site, `${name}.new`), text);
  renameSync(pathOf(site, `${name}.new`), pathOf(site, name));
};

/** As a careless one does it: emptied, and written in pieces. */
export const putInPieces = async (site: InstallSite, name: string, text: string): Promise<void> => {
  writeFileSync(pathOf(site, name), "");
  for (const part of [text.slice(0, 40), text.slice(0, 120), text]) {
    await new Promise((resolve) => setTimeout(resolve, 60));
    writeFileSync(pathOf(site, name), part);
  }
};

export const remove = (site: InstallSite, name: string): void => rmSync(pathOf(site, name), { force: true });

/** The conf that a runtime takes; undefined where there is none. */
export const firstConf = (
  site: InstallSite,
): { readonly name: string; readonly text: string } | undefined => {
  for (;;) {
    const names = readdirSync(site.node.path(confDir)).filter((name) => /\.(conf|conflist|json)$/.test(name));
    const [name] = names.toSorted();
    if (name === undefined) return undefined;
    try {
      return { name, text: readFileSync(pathOf(site, name), "utf8") };
    } catch {
      // It has gone since: look again.
    }
  }
};

/** Each 20 ms: the first conf is whole, names executables that are there, and has us once at most. What was wrong is the answer. */
export const sampleChain = (
  site: InstallSite,
): (() => { readonly samples: number; readonly faults: readonly string[] }) => {
  const faults: string[] = [];
  let samples = 0;
  const timer = setInterval(() => {
    samples += 1;
    const fault = faultOf(site);
    if (fault !== undefined) faults.push(fault);
  }, 20);
  return () => {
    clearInterval(timer);
    return { samples, faults };
  };
};

const faultOf = (site: InstallSite): string | undefined => {
  const first = firstConf(site);
  if (first === undefined) return undefined;
  const types = typesIn(first.text);
  if (types === undefined) return `${first.name} is torn: ${JSON.stringify(first.text)}`;
  const missing = types.filter((type) => !existsSync(site.node.path(`${binDir}/${type}`)));
  if (missing.length > 0) return `${first.name} names ${missing.join(", ")}`;
  if (types.filter((type) => type === "pod-qos").length > 1) return `${first.name} has us twice`;
  if (!types.includes("pod-qos")) return undefined;
  const { size, mode } = statSync(site.node.path(`${binDir}/pod-qos`));
  return size === statSync(pluginPath()).size && (mode & 0o111) !== 0
    ? undefined
    : "the executable is not whole";
};

export const typesIn = (text: string): readonly string[] | undefined => {
  try {
    const { plugins } = JSON.parse(text) as { readonly plugins: readonly { readonly type: string }[] };
    return plugins.map(({ type }) => type);
  } catch {
    return undefined;
  }
};
