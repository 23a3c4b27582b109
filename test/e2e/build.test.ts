/** The executable as a file: what it needs from a node, what cannot disturb it, and that it can be made again. */
import { existsSync } from "node:fs";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { arm64Sysroot } from "../../scripts/build/arm64-sysroot.ts";
import { readProject, ROOT } from "../../scripts/build/project.ts";
import { fakeSite, PATH } from "../lab/agent/api-follower.ts";
import { suite } from "../lab/node/needs.ts";
import { pluginPath } from "../lab/node/paths.ts";

const NODE = join(ROOT, "node_modules/.bin/node");
const BUILD = join(ROOT, "scripts/build.ts");
const itsVersion = { exitCode: 0, stdout: `pod-qos ${readProject().version}`, stderr: "" };

const LIBRARIES = [
  "libc.so.6",
  "libdl.so.2",
  "libgcc_s.so.1",
  "libm.so.6",
  "libpthread.so.0",
  "libstdc++.so.6",
];

/** In a host's openssl.cnf Node activates this section, and aborts. */
const BAD_PROVIDER = `nodejs_conf = init
[init]
providers = all
[all]
missing = settings
[settings]
module = /no.so
activate = 1
`;

/** What a runtime may pass on to its plugins, and whether it would end a bare Node. */
const SURROUNDINGS = [
  { variable: "NODE_OPTIONS", what: "no such option", value: () => "--bad", stopsNode: true },
  { variable: "NODE_OPTIONS", what: "a missing module", value: () => "--require /no.js", stopsNode: true },
  { variable: "NODE_OPTIONS", what: "flags of V8", value: () => "--jitless", stopsNode: false },
  { variable: "OPENSSL_CONF", what: "no configuration", value: () => fileWith("[broken"), stopsNode: true },
  { variable: "OPENSSL_CONF", what: "no provider", value: () => fileWith(BAD_PROVIDER), stopsNode: true },
  { variable: "NODE_EXTRA_CA_CERTS", what: "no certificate", value: () => fileWith("x"), stopsNode: false },
  { variable: "NODE_CHANNEL_FD", what: "no channel", value: () => "7", stopsNode: true },
  { variable: "NODE_REPL_EXTERNAL_MODULE", what: "a module", value: () => "/no.js", stopsNode: false },
  { variable: "NODE_UNIQUE_ID", what: "1", value: () => "1", stopsNode: false },
  { variable: "NODE_DEBUG", what: "everything", value: () => "*", stopsNode: false },
  { variable: "NODE_PENDING_DEPRECATION", what: "1", value: () => "1", stopsNode: false },
] as const;

/** The part is named by the import, and not loaded: V8 would find its text in memory and never look at a cache. */
const TAKES_CACHE = `import { getRawAsset } from "node:sea";
import { Script } from "node:vm";
const [, , name = ""] = process.argv;
if (name === "") void import("./part.ts");
const asset = (key: string) => Buffer.from(getRawAsset(key));
const answer = (text: string) =>
  new Script(text, { cachedData: asset(name + ":code") }).cachedDataRejected ? "refused" : "taken";
const text = asset(name).toString("latin1");
console.log(JSON.stringify({ ofAnotherText: answer(text + " "), asBuilt: answer(text) }));
`;

const asksApi = (connect: string): string => `void (async () => {
  const { connect } = await import("${connect}");
  const connection = await connect({ kubeconfig: process.argv[2] ?? "" });
  console.log(JSON.stringify(await connection.get({ path: process.argv[3] ?? "" })));
  connection.close();
})();
`;

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "pod-qos-build-test-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const checkout = () => join(dir, "one");
const otherCheckout = () => join(dir, "another/path/of another length");
const arm64Executable = () => join(dir, "arm64/pod-qos-arm64");

suite("the executable", { plugin: true, tools: ["readelf"] }, () => {
  test("says its version", async () => {
    expect(await start(pluginPath(), ["--version"])).toMatchObject(itsVersion);
  });

  test.each(SURROUNDINGS)(
    "is not disturbed by $variable with $what",
    async ({ variable, value, stopsNode }) => {
      const env = { [variable]: await value() };
      expect(await start(pluginPath(), ["--version"], env)).toMatchObject(itsVersion);
      // The same Node without our settings: shows that the surroundings are as bad as they are meant to be.
      const bare = await start(NODE, ["--eval", "0"], env);
      expect(bare.failed).toBe(stopsNode);
    },
  );

  test.each(["NODE_COMPILE_CACHE", "NODE_V8_COVERAGE"])("leaves nothing where %s says", async (variable) => {
    const [own, bare] = [join(dir, `own-${variable}`), join(dir, `bare-${variable}`)];
    expect(await start(pluginPath(), ["--version"], { [variable]: own })).toMatchObject(itsVersion);
    expect(existsSync(own)).toBe(false);
    await start(NODE, ["--eval", "0"], { [variable]: bare });
    expect(existsSync(bare)).toBe(true);
  });

  test("leaves Node's own options to the plugin", async () => {
    const { stdout, stderr } = await start(pluginPath(), ["--inspect-brk"]);
    expect(stderr).toContain('pod-qos: there is no command "--inspect-brk"');
    expect(stdout).toBe("");
  });

  test("needs no library but libc's and the compiler's", async () => {
    expect(await librariesOf(pluginPath())).toEqual(["ld-linux-x86-64.so.2", ...LIBRARIES]);
  });

  test("runs from glibc 2.28 on, which is RHEL 8, Debian 10 and Ubuntu 20.04", async () => {
    const { stdout } = await execa("readelf", ["--version-info", pluginPath()]);
    const minors = [...stdout.matchAll(/GLIBC_2\.(\d+)/g)].map(([, minor]) => Number(minor));
    expect(Math.max(...minors)).toBe(28);
  });
});

// The vm tier runs e2e once more on another kernel, where the same bytes would take minutes to make.
describe.skipIf(process.env["POD_QOS_VM"] === "1")("made here", () => {
  suite("a build", { tools: ["strip"] }, () => {
    beforeAll(async () => {
      // Copies: an edit between the two builds must not look like a difference of the build.
      for (const part of ["plugin", "scripts/build", "scripts/build.ts", "package.json", "tsconfig.json"]) {
        await cp(join(ROOT, part), join(checkout(), part), { recursive: true });
      }
      await cp(checkout(), otherCheckout(), { recursive: true });
      for (const cwd of [checkout(), otherCheckout()]) {
        await symlink(join(ROOT, "node_modules"), join(cwd, "node_modules"));
        await execa(NODE, ["scripts/build.ts"], { cwd });
      }
    });

    const files = ["pod-qos", "SHA256SUMS", "THIRD_PARTY_NOTICES", "pod-qos.meta.json"];
    test.each(files)("gives the same %s in every checkout", async (name) => {
      const first = await readFile(join(checkout(), "dist", name));
      expect(first.equals(await readFile(join(otherCheckout(), "dist", name)))).toBe(true);
    });

    test("leaves checksums that hold", async () => {
      const { stdout } = await execa("sha256sum", ["--check", "SHA256SUMS"], {
        cwd: join(checkout(), "dist"),
      });
      expect(stdout).toBe("pod-qos: OK\npod-qos.meta.json: OK\nTHIRD_PARTY_NOTICES: OK");
    });

    test("names every bundled package, and Node, in the notices", async () => {
      const notices = await readFile(join(checkout(), "dist/THIRD_PARTY_NOTICES"), "utf8");
      const meta = await readFile(join(checkout(), "dist/pod-qos.meta.json"), "utf8");
      const packages = [...meta.matchAll(/"node_modules\/((?:@[^/"]+\/)?[^/"]+)"/g)].map(([, name]) => name);
      for (const name of [...packages, "Node\\.js"]) expect(notices).toMatch(new RegExp(`^${name} \\d`, "m"));
    });
  });

  const tools = ["qemu-aarch64-static", "apt-get", "dpkg-deb", "readelf"];
  suite("a build for arm64", { tools }, () => {
    let sysroot = "";
    beforeAll(async () => {
      await execa(NODE, [BUILD, "--arch", "arm64", "--out", dirname(arm64Executable())]);
      sysroot = await arm64Sysroot();
    });

    const emulate = (args: readonly string[], env: Readonly<Record<string, string>>, input = "") =>
      execa("qemu-aarch64-static", ["-L", sysroot, arm64Executable(), ...args], {
        env,
        input,
        reject: false,
      });

    test("says its version, whatever NODE_OPTIONS says", async () => {
      expect(await emulate(["--version"], { NODE_OPTIONS: "--bad" })).toMatchObject(itsVersion);
    });

    test("answers a runtime", async () => {
      const { stdout } = await emulate([], { CNI_COMMAND: "VERSION" }, '{ "cniVersion": "1.0.0" }');
      expect(JSON.parse(stdout)).toMatchObject({ cniVersion: "1.0.0" });
    });

    test("needs the same libraries", async () => {
      expect(await librariesOf(arm64Executable())).toEqual(["ld-linux-aarch64.so.1", ...LIBRARIES]);
    });
  });

  test("V8 takes the compiled form of a part that the build left beside its text", async () => {
    const part = join(dir, "part.ts");
    const entry = join(dir, "takes-cache.ts");
    await writeFile(part, "export const sum = (a: number, b: number): number => a + b;\n");
    await writeFile(entry, TAKES_CACHE);
    await execa(NODE, [BUILD, "--entry", entry, "--out", join(dir, "cache")]);
    const { stdout } = await start(join(dir, "cache/pod-qos"), [`./${relative(ROOT, part)}`]);
    expect(JSON.parse(stdout)).toEqual({ asBuilt: "taken", ofAnotherText: "refused" });
  });

  test("the client of the API is in parts of its own, without what of client-node we do not use", async () => {
    const entry = join(dir, "asks-api.ts");
    await writeFile(entry, asksApi(relative(dir, join(ROOT, "plugin/kube/connect.ts"))));
    await execa(NODE, [BUILD, "--entry", entry, "--out", join(dir, "kube")]);
    await using site = await fakeSite();
    const { stdout } = await start(join(dir, "kube/pod-qos"), [site.kubeconfig, PATH]);
    expect(JSON.parse(stdout)).toMatchObject({ kind: "List", items: [] });
    const { bundleBytes, modules } = JSON.parse(await readFile(join(dir, "kube/pod-qos.meta.json"), "utf8"));
    expect(Object.keys(modules)).toContain("node_modules/@kubernetes/client-node/dist/config.js");
    expect(Object.keys(modules).filter((path) => /undici\/|\/gen\/models\//.test(path))).toEqual([]);
    expect(bundleBytes).toBeLessThan(400_000);
  });

  test("an entry that cannot be bundled fails and leaves nothing", async () => {
    const entry = join(dir, "broken.ts");
    await writeFile(entry, 'import { nothing } from "./nowhere.ts";\nnothing();\n');
    const { exitCode, stderr } = await execa(NODE, [BUILD, "--entry", entry, "--out", join(dir, "broken")], {
      reject: false,
    });
    expect(exitCode).toBe(1);
    expect(stderr).toContain('Could not resolve "./nowhere.ts"');
    await expect(readFile(join(dir, "broken/pod-qos"))).rejects.toThrow("ENOENT");
  });

  test("an architecture that does not exist is refused", async () => {
    const { exitCode, stderr } = await execa(NODE, [BUILD, "--arch", "arm"], { reject: false });
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: "build: --arch arm: x64 and arm64 exist" });
  });
});

function start(file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return execa(file, args, { env, extendEnv: false, reject: false });
}

async function librariesOf(executable: string): Promise<readonly (string | undefined)[]> {
  const { stdout } = await execa("readelf", ["--dynamic", executable]);
  return [...stdout.matchAll(/\(NEEDED\).*\[(.*)\]/g)].map(([, name]) => name).toSorted();
}

async function fileWith(content: string): Promise<string> {
  const path = join(dir, "content");
  await writeFile(path, content);
  return path;
}
