/** install and uninstall killed at each step: no conf names what is not there, and the next run ends in the same place. */
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { binDir, confDir, installSite, type InstallSite } from "../lab/install/install-site.ts";
import { suite } from "../lab/node/needs.ts";
import { pluginPath } from "../lab/node/paths.ts";
import { repetitions } from "../lab/measure/repetitions.ts";
import { seed, seedSaid } from "../lab/measure/seed.ts";

/** What changes a directory or puts bytes on the disk. */
const calls =
  "mkdir,rename,unlink,unlinkat,rmdir,fsync,chmod,fchmod,chown,copy_file_range,sendfile,ftruncate";

/** Stands for the executable of another version. */
const other = "#!/bin/sh\nexit 0\n";

/** Of an entry that only a newer version understands. */
const newerKey = '"hologram": true';

const ownConf = "09-pod-qos.conflist";

type Step = { readonly call: string; readonly nth: number };

suite("killed at a step", { tools: ["strace"] }, () => {
  let site: InstallSite;
  beforeEach(async () => void (site = await installSite("flannel")));
  afterEach(() => site[Symbol.asyncDispose]());

  describe.each([
    ["install", []],
    ["install", ["--in-place"]],
    ["upgrade", []],
    ["rollback", []],
    ["uninstall", []],
  ] as const)("%s %j", (what, args) => {
    const verb = what === "uninstall" ? "uninstall" : "install";
    test("at every one that a trace shows", async () => {
      const fresh = site.contents();
      const prepare = async (): Promise<void> => {
        await site.uninstall();
        if (what !== "install") await site.install();
        if (what !== "upgrade" && what !== "rollback") return;
        writeFileSync(site.node.path(`${binDir}/pod-qos`), other, { mode: 0o755 });
        const own = site.read(ownConf);
        const [from, to] =
          what === "upgrade"
            ? ['"sha256":"8', '"sha256":"0']
            : ['"type": "pod-qos"', `"type": "pod-qos", ${newerKey}`];
        writeFileSync(site.node.path(`${confDir}/${ownConf}`), own.replace(from, to));
      };
      await prepare();
      const all = await steps(verb, args);
      expect(all.length).toBeGreaterThan(2);
      const wanted = site.contents();
      const count = repetitions(all.length);
      for (const step of Array.from({ length: count }, (_, at) => all[(seed + at) % all.length])) {
        if (step === undefined) continue;
        const said = `${step.call} ${step.nth} ${seedSaid}`;
        await prepare();
        await traced(verb, args, [`inject=${step.call}:signal=KILL:when=${step.nth}`]);
        expect(readFileSync(site.node.path("/run/trace"), "utf8"), said).toContain("killed by SIGKILL");
        assertSound(said);
        const again = verb === "install" ? await site.install(...args) : await site.uninstall();
        expect(again, said).toMatchObject({ exitCode: 0 });
        expect(site.contents(), said).toEqual(wanted);
      }
      if (verb === "uninstall") expect(wanted).toEqual(fresh);
    });
  });

  /** Of the main thread, which does all of it, those that are about the two directories. */
  async function steps(verb: string, args: readonly string[]): Promise<readonly Step[]> {
    await traced(verb, args, []);
    const lines = readFileSync(site.node.path("/run/trace"), "utf8").split("\n");
    const main = /^(\d+)/.exec(lines[0] ?? "")?.[1] ?? "";
    const counts = new Map<string, number>();
    return lines.flatMap((line): readonly Step[] => {
      const [, pid, call = ""] = /^(\d+) +(\w+)\(/.exec(line) ?? [];
      if (pid !== main || call === "" || call === "execve") return [];
      const nth = (counts.get(call) ?? 0) + 1;
      counts.set(call, nth);
      return line.includes(confDir) || line.includes(binDir) ? [{ call, nth }] : [];
    });
  }

  function traced(verb: string, args: readonly string[], more: readonly string[]): Promise<unknown> {
    rmSync(site.node.path("/run/trace"), { force: true });
    // Whose execve stands first is the main thread; which thread calls first else is chance.
    const options = ["-f", "-y", "-q", "-o", "/run/trace", "-e", `trace=execve,${calls}`];
    const places = ["--bin-dir", binDir, "--conf-dir", confDir];
    const command = [pluginPath(), verb, ...places, ...args];
    return site.node.exec("strace", [...options, ...more.flatMap((each) => ["-e", each]), ...command], {
      reject: false,
    });
  }

  /** What a runtime would load now is whole, and each pod-qos that it names is a whole one too. */
  function assertSound(said: string): void {
    const confs = readdirSync(site.node.path(confDir)).filter((name) => /\.(conf|conflist|json)$/.test(name));
    const [first = ""] = confs.toSorted();
    const text = site.read(first);
    expect(() => JSON.parse(text) as unknown, said).not.toThrow();
    const executable = site.node.path(`${binDir}/pod-qos`);
    const sizes = [statSync(pluginPath()).size, other.length];
    if (existsSync(executable)) expect(sizes, said).toContain(statSync(executable).size);
    else expect(text, said).not.toContain('"pod-qos"');
    if (existsSync(executable) && statSync(executable).size === sizes[0])
      expect(text, said).not.toContain(newerKey);
  }
});
