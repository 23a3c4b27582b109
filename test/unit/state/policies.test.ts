import { execaSync } from "execa";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ErrorCode } from "../../../plugin/errors.ts";
import { assertReadable, loadPolicies, selectsNetworks, type Keep } from "../../../plugin/state/policies.ts";
import { writeCache } from "../../../plugin/state/policy-cache-file.ts";
import { withCache } from "../../../plugin/state/policy-cache.ts";
import { stampFiles } from "../../../plugin/state/policy-files.ts";
import { compiled, egressQos, networkQos } from "../support/manifests.ts";
import { asyncRefusal } from "../support/refusal.ts";

const root = mkdtempSync(join(tmpdir(), "pod-qos-policies-"));
afterAll(() => rmSync(root, { recursive: true }));

type Site = { readonly policyDir: string; readonly stateDir: string };

let sites = 0;

/** A policy directory with one policy that marks everything with 20, and a state directory of its own. */
function createSite(): Site {
  const site = join(root, String((sites += 1)));
  const policyDir = join(site, "policies");
  mkdirSync(policyDir, { recursive: true });
  writeFileSync(join(policyDir, "a.json"), marking(20));
  return { policyDir, stateDir: join(site, "state") };
}

const marking = (dscp: number, name = "a") => networkQos({ name, egress: [{ dscp }] });

async function marks(site: Site, keep: Keep = "keep", namespace: string | undefined = "default") {
  const pod = { namespace, name: "pod", labels: {} };
  const { networkQos: rules } = await loadPolicies(site, { pod, network: "podnet", ifname: "eth0" }, keep);
  return rules.map(({ dscp }) => dscp);
}

const cachesOf = ({ stateDir }: Site) =>
  existsSync(join(stateDir, "policies")) ? readdirSync(join(stateDir, "policies")) : [];
const cacheOf = (site: Site) => join(site.stateDir, "policies", cachesOf(site)[0] ?? "none");

/** Sites whose files are old enough to be believed not to change within one tick of the clock. */
const old: Site[] = [];
const takeOld = (): Site => {
  const site = old.pop();
  if (site === undefined) throw new Error("prepare more sites");
  return site;
};
beforeAll(async () => {
  old.push(...Array.from({ length: 20 }, createSite));
  await new Promise((done) => setTimeout(done, 2_300));
});

describe("the files that count", () => {
  it("are *.yaml, *.yml and *.json, by name, not in folders and not an editor's", async () => {
    const site = createSite();
    const put = (name: string, text: string) => writeFileSync(join(site.policyDir, name), text);
    put("b.yaml", marking(2, "b"));
    put("c.yml", marking(3, "c"));
    put("d.yaml.bak", "{");
    put("README", "{");
    put(".e.yaml", "{");
    mkdirSync(join(site.policyDir, "f.yaml"));
    mkdirSync(join(site.policyDir, "sub"));
    put("sub/g.yaml", "{");
    expect(await marks(site)).toEqual([20, 2, 3]);
  });

  it("may be links, as in a mounted ConfigMap", async () => {
    const site = createSite();
    mkdirSync(join(site.policyDir, "..data"));
    writeFileSync(join(site.policyDir, "..data", "b.json"), marking(2, "b"));
    symlinkSync("..data/b.json", join(site.policyDir, "b.json"));
    expect(await marks(site)).toEqual([20, 2]);
  });

  it("may be none at all: then nothing is compiled or kept", async () => {
    const site = takeOld();
    unlinkSync(join(site.policyDir, "a.json"));
    expect(await marks(site)).toEqual([]);
    expect(cachesOf(site)).toEqual([]);
  });
});

describe("what cannot be read fails every pod, code 7 and which file:", () => {
  it.each([
    [
      "a directory that is not there",
      (dir: string) => rmSync(dir, { recursive: true }),
      "cannot be read: create it",
    ],
    [
      "a link to nothing",
      (dir: string) => symlinkSync("gone", join(dir, "b.json")),
      "/b.json cannot be read",
    ],
    [
      "a pipe",
      (dir: string) => void execaSync("mkfifo", [join(dir, "b.yaml")]),
      "/b.yaml is no regular file",
    ],
    ["a torn file", (dir: string) => writeFileSync(join(dir, "b.yaml"), "a: {"), "/b.yaml is not YAML: "],
    [
      "a typo in kind",
      (dir: string) => writeFileSync(join(dir, "b.yaml"), "kind: X"),
      '/b.yaml: X: kind: "X" is not',
    ],
  ])("%s", async (_, spoil, said) => {
    const site = createSite();
    spoil(site.policyDir);
    const { code, message } = await asyncRefusal(() => marks(site, "keep", "elsewhere"));
    expect(code).toBe(ErrorCode.invalidConfig);
    expect(message).toContain(`${site.policyDir}`);
    expect(message).toContain(said);
    expect((await asyncRefusal(() => assertReadable(site))).message).toBe(message);
  });
});

it("what is wrong in one namespace fails its pods, cached or not, and no others", async () => {
  const site = takeOld();
  writeFileSync(join(site.policyDir, "b.json"), egressQos([{ dscp: 99 }], { namespace: "prod" }));
  for (const keep of ["forget", "keep", "keep"] as const) {
    const { code, message } = await asyncRefusal(() => marks(site, keep, "prod"));
    expect(code).toBe(ErrorCode.invalidConfig);
    expect(message).toContain(`${site.policyDir}/b.json: EgressQoS prod/default: spec.egress[0].dscp: 99`);
    expect(await marks(site, keep)).toEqual([20]);
  }
  await assertReadable(site);
});

it("a pod whose namespace the runtime did not say gets no policy, and that is told", async () => {
  const attachment = {
    pod: { namespace: undefined, name: undefined, labels: {} },
    network: "n",
    ifname: "eth0",
  };
  const { networkQos: rules, warnings } = await loadPolicies(createSite(), attachment, "keep");
  expect([rules, warnings]).toEqual([[], [expect.stringContaining("did not say the pod's namespace")]]);
});

describe("the cache", () => {
  it("is made by the first ADD, answers as the files do, and holds what JSON can hold of a rule", async () => {
    const site = takeOld();
    const pod = { namespace: "default", name: "pod", labels: {} };
    const load = () => loadPolicies(site, { pod, network: "podnet", ifname: "eth0" }, "keep");
    const compiledAnswer = await load();
    expect(cachesOf(site).length).toBe(1);
    expect(await load()).toEqual(compiledAnswer);
    expect(JSON.parse(JSON.stringify(await load()))).toEqual(JSON.parse(JSON.stringify(compiledAnswer)));
    expect(statSync(cacheOf(site)).mode & 0o777).toBe(0o600);
  });

  /** The tests below would pass without any cache, did this one not show that it is believed. */
  it("is believed for the files that it was made from", async () => {
    const site = takeOld();
    await lie(site, stampFiles(site.policyDir).key);
    expect(await marks(site)).toEqual([63]);
  });

  it("is not believed when another build made it, or for another directory", async () => {
    const site = takeOld();
    const [directory, build, ...files] = stampFiles(site.policyDir).key.split("\n");
    await lie(site, [directory, `${build}1`, ...files].join("\n"));
    expect(await marks(site, "forget")).toEqual([20]);
    await lie(site, [`${directory}x`, build, ...files].join("\n"));
    expect(await marks(site, "forget")).toEqual([20]);
  });

  it.each<readonly [string, (dir: string) => void, readonly number[]]>([
    ["written in place, with its size and times as before", rewriteInPlace, [21]],
    ["replaced by one with the same size and times", replace, [21]],
    ["deleted", (dir) => unlinkSync(join(dir, "a.json")), []],
    ["joined by another", (dir) => writeFileSync(join(dir, "b.json"), marking(5, "b")), [20, 5]],
    ["renamed", (dir) => renameSync(join(dir, "a.json"), join(dir, "z.json")), [20]],
    ["no longer one that counts", (dir) => renameSync(join(dir, "a.json"), join(dir, "a.json.off")), []],
  ])("never wins over a file that was %s", async (_, change, expected) => {
    const site = takeOld();
    await lie(site, stampFiles(site.policyDir).key);
    change(site.policyDir);
    expect(await marks(site)).toEqual(expected);
    expect(await marks(site)).toEqual(expected);
  });

  it("is not made from a file so young that it could change and look the same", async () => {
    const site = createSite();
    expect(await marks(site)).toEqual([20]);
    expect(cachesOf(site)).toEqual([]);
    writeFileSync(join(site.policyDir, "a.json"), marking(21));
    expect(await marks(site)).toEqual([21]);
  });

  it("is not believed where it is torn: cut anywhere, or with any byte another", async () => {
    const site = takeOld();
    await marks(site);
    const path = cacheOf(site);
    const whole = readFileSync(path);
    for (let at = 0; at < whole.length; at += 1) {
      writeFileSync(path, at % 2 === 0 ? whole.subarray(0, at) : flipped(whole, at));
      expect(await marks(site, "forget")).toEqual([20]);
    }
    writeFileSync(path, "");
    expect(await marks(site)).toEqual([20]);
    expect(readFileSync(path)).toEqual(whole);
  });

  it("is not written by CHECK or explain, and no ADD needs it", async () => {
    const site = takeOld();
    expect(await marks(site, "forget")).toEqual([20]);
    expect(existsSync(site.stateDir)).toBe(false);
    mkdirSync(site.stateDir);
    writeFileSync(join(site.stateDir, "policies"), "in the way");
    expect(await marks(site)).toEqual([20]);
  });

  it("sweeps what a killed writer left, and leaves alone what one at work has", async () => {
    const site = takeOld();
    const folder = join(site.stateDir, "policies");
    mkdirSync(folder, { recursive: true });
    for (const name of ["x.1.tmp", "x.2.tmp"]) writeFileSync(join(folder, name), "half");
    utimesSync(join(folder, "x.1.tmp"), 0, 0);
    await marks(site);
    expect(cachesOf(site).filter((name) => name.endsWith(".tmp"))).toEqual(["x.2.tmp"]);
  });
});

it("a file that changes while the directory is being read does not count as it was listed", async () => {
  const site = createSite();
  writeFileSync(join(site.policyDir, "a.json"), marking(1));
  writeFileSync(join(site.policyDir, "b.yaml"), marking(2, "b"));
  const loading = marks(site);
  // Both are listed by now, and neither is read to the end.
  writeFileSync(join(site.policyDir, "a.json"), marking(3));
  expect(await loading).toEqual([3, 2]);
});

it("what is torn while it is being read is no fault of the file", async () => {
  const site = createSite();
  writeFileSync(join(site.policyDir, "a.json"), "{");
  const loading = marks(site);
  writeFileSync(join(site.policyDir, "a.json"), marking(3));
  expect(await loading).toEqual([3]);
});

it("many ADDs at once see one state of the files or the other, and the last state in the end", async () => {
  const site = takeOld();
  const script = resolve(import.meta.dirname, "../support/load-policies.ts");
  const load = async () => {
    const { stdout } = await execa(process.execPath, [script, site.policyDir, site.stateDir]);
    return stdout;
  };
  const first = Array.from({ length: 4 }, load);
  const seen = await Promise.all(first);
  expect(new Set(seen)).toEqual(new Set(["[20]"]));
  const during = Array.from({ length: 6 }, load);
  await new Promise((done) => setTimeout(done, 150));
  replace(site.policyDir);
  for (const answer of await Promise.all(during)) expect(["[20]", "[21]"]).toContain(answer);
  expect(await load()).toBe("[21]");
  expect(cachesOf(site).filter((name) => name.endsWith(".tmp"))).toEqual([]);
}, 60_000);

/** A cache that says what the files do not: whoever reports 63 has believed it. */
async function lie(site: Site, key: string): Promise<void> {
  await marks(site);
  const path = cacheOf(site);
  writeCache(path, key, await compiled({ "a.json": marking(63) }));
  expect(withCache(path, key, () => true)).toBe(true);
}

function rewriteInPlace(dir: string): void {
  const path = join(dir, "a.json");
  const { atime, mtime } = statSync(path);
  writeFileSync(path, marking(21));
  utimesSync(path, atime, mtime);
}

function replace(dir: string): void {
  const path = join(dir, "a.json");
  const { atime, mtime } = statSync(path);
  writeFileSync(`${path}.new`, marking(21));
  utimesSync(`${path}.new`, atime, mtime);
  renameSync(`${path}.new`, path);
}

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 0x01;
  return copy;
}

it("knows whether an object asks for labels of networks, by the files and by the cache", async () => {
  const [site, plain] = [takeOld(), takeOld()];
  const byLabel = {
    networkSelectionType: "NetworkAttachmentDefinitions",
    networkAttachmentDefinitionSelector: {
      namespaceSelector: {},
      networkSelector: { matchLabels: { a: "b" } },
    },
  };
  const object = networkQos({ egress: [{ dscp: 20 }], networkSelectors: [byLabel] });
  writeFileSync(join(site.policyDir, "b.json"), object);
  const look = () => Promise.all([selectsNetworks(site), selectsNetworks(plain)]);
  expect([await look(), await look()]).toEqual([
    [true, false],
    [true, false],
  ]);
  expect(cachesOf(plain).length).toBe(1);
});
