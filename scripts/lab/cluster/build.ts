/**
 * Builds programs of Kubernetes that are not there yet: `build.ts PROGRAM...`. From nothing an API server with etcd takes four
 * minutes on two cores.
 */
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { execa } from "execa";
import { ClusterError } from "./errors.ts";
import { goMod } from "./go-module.ts";
import { binFolder, kubernetes, missingPrograms, type Program } from "./programs.ts";

const main = async (names: readonly string[]): Promise<void> => {
  const missing = missingPrograms(names);
  if (missing.length === 0) return;
  const folder = binFolder();
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(join(folder, "build-"));
  try {
    await build(work, missing);
    // Beside the final name, then renamed: who looks for a program finds a whole one or none.
    for (const { name, package: path } of missing)
      renameSync(join(work, "bin", fileOf(path)), join(folder, name));
  } finally {
    rmSync(work, { recursive: true });
  }
};

/** Go names a file after the last part of the package's path that is no version. */
const fileOf = (path: string): string => basename(path.replace(/\/v\d+$/, ""));

const build = async (work: string, programs: readonly Program[]): Promise<void> => {
  const names = programs.map(({ name }) => name).join(", ");
  console.log(`==> building ${names} of Kubernetes ${kubernetes.version}`);
  const { stdout } = await go(work, ["mod", "download", "-json", `k8s.io/kubernetes@v${kubernetes.version}`]);
  const { Dir: source } = JSON.parse(stdout) as { readonly Dir: string };
  writeFileSync(
    join(work, "go.mod"),
    goMod(kubernetes.version, readFileSync(join(source, "go.mod"), "utf8")),
  );
  const packages = programs.map((program) => program.package);
  const listed = await go(work, ["list", "-deps", ...kubernetes.flags, ...packages]);
  const progress = startProgress(listed.stdout.split("\n").length);
  const compiling = go(work, [
    "build",
    "-v",
    ...kubernetes.flags,
    `-ldflags=${linkFlags()}`,
    "-o",
    "bin/",
    ...packages,
  ]);
  compiling.stderr.setEncoding("utf8").on("data", progress.count);
  await compiling.finally(progress.end);
};

/** Without a version `kubectl version` cannot read what the server says of itself. */
const linkFlags = (): string => {
  const [major = "", minor = ""] = kubernetes.version.split(".");
  const variables = { gitVersion: `v${kubernetes.version}`, gitMajor: major, gitMinor: minor };
  const set = Object.entries(variables).map(
    ([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`,
  );
  return ["-s", "-w", ...set].join(" ");
};

/** GOGC: a fifth less time for the compiler, at 2.3 GB. */
const go = (work: string, args: readonly string[]) =>
  execa("go", args, {
    cwd: work,
    env: { CGO_ENABLED: "0", GOFLAGS: "-mod=mod", GOWORK: "off", GOGC: "400" },
    stdin: "ignore",
    maxBuffer: 64_000_000,
  });

/** `go build -v` says each package that it compiles. What lies in Go's cache it passes over, so there may be fewer than all. */
const startProgress = (packages: number) => {
  const started = Date.now();
  let compiled = 0;
  const say = (): void => {
    const seconds = Math.round((Date.now() - started) / 1000);
    console.log(`    ${String(compiled).padStart(4)} of at most ${packages} packages compiled, ${seconds} s`);
  };
  const timer = setInterval(say, 15_000);
  return {
    count: (text: string): void => {
      compiled += text.split("\n").filter((line) => /^[\w.~/-]+$/.test(line)).length;
    },
    end: (): void => {
      clearInterval(timer);
      say();
    },
  };
};

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Error)) throw error;
  const told =
    error instanceof ClusterError ? error.message : error.message.split("\n").slice(-12).join("\n");
  process.stderr.write(`${told}\n`);
  process.exitCode = 1;
}
