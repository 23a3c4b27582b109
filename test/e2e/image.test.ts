/** The image in a real containerd: it takes it, what is in it starts, and made again it is the same. */
import { link, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Arch, ROOT, readProject } from "../../scripts/build/project.ts";
import { imageName, makeImage, type ImageRequest } from "../../scripts/image/image.ts";
import { long } from "../lab/measure/repetitions.ts";
import { startContainerd, type Containerd } from "../lab/node/containerd.ts";
import { suite } from "../lab/node/needs.ts";
import { createNode, type LabNode } from "../lab/node/node.ts";
import { pluginPath } from "../lab/node/paths.ts";

/** Each takes seconds to build and to compress: the second one is for the tier long. */
const archs: readonly Arch[] = long ? ["x64", "arm64"] : ["x64"];
const { version } = readProject();
const name = imageName(version);
const NODE = join(ROOT, "node_modules/.bin/node");

type Described = { readonly mediaType: string; readonly digest: string; readonly size: number };
type Index = {
  readonly manifests: readonly (Described & {
    readonly annotations?: Readonly<Record<string, string>>;
    readonly platform?: { readonly architecture: string; readonly os: string };
  })[];
};
type Manifest = { readonly config: Described; readonly layers: readonly Described[] };
type Config = { readonly architecture: string; readonly config: Readonly<Record<string, unknown>> };

const tools = ["apt-get", "dpkg-deb", "containerd", "ctr", "tar"];

suite("the image", { plugin: true, tools }, () => {
  let dir = "";
  let node: LabNode;
  let containerd: Containerd;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "pod-qos-image-"));
    await mkdir(join(dir, "built"));
    await link(pluginPath(), join(dir, "built/pod-qos"));
    await link(join(dirname(pluginPath()), "THIRD_PARTY_NOTICES"), join(dir, "built/THIRD_PARTY_NOTICES"));
    const build = [join(ROOT, "scripts/build.ts"), "--arch", "arm64", "--out", join(dir, "built")];
    if (archs.includes("arm64")) await execa(NODE, build);
    await makeImage(request("made"));
    node = await createNode();
    containerd = await startContainerd(node);
  });
  afterAll(async () => {
    await containerd?.stop();
    await node?.[Symbol.asyncDispose]();
    await rm(dir, { recursive: true, force: true });
  });

  const request = (out: string): ImageRequest => ({
    archs,
    executables: join(dir, "built"),
    out: join(dir, out),
    version,
    fresh: false,
    epochSeconds: 0,
  });
  const archive = (out = "made"): string => join(dir, out, "pod-qos-image.tar");
  const blob = async <Value>({ digest }: Described): Promise<Value> => {
    const path = join(dir, "made/image/blobs/sha256", digest.replace("sha256:", ""));
    return JSON.parse(await readFile(path, "utf8")) as Value;
  };
  const images = async (): Promise<Index["manifests"]> => {
    const text = await readFile(join(dir, "made/image/index.json"), "utf8");
    const [index] = (JSON.parse(text) as Index).manifests;
    expect(index?.annotations?.["io.containerd.image.name"]).toBe(name);
    return (await blob<Index>(index as Described)).manifests;
  };

  test("has two layers per architecture, and starts the executable", async () => {
    const known = { x64: "amd64", arm64: "arm64" };
    expect((await images()).map(({ platform }) => platform?.architecture)).toEqual(
      archs.map((arch) => known[arch]),
    );
    for (const image of await images()) {
      const { config, layers } = await blob<Manifest>(image);
      expect(layers).toHaveLength(2);
      expect(await blob<Config>(config)).toMatchObject({
        architecture: image.platform?.architecture,
        config: { Entrypoint: ["/usr/bin/pod-qos"] },
      });
    }
  });

  describe("imported by ctr", () => {
    let root = "";
    beforeAll(async () => {
      root = join(dir, "root");
      await mkdir(root);
      const ctr = ["-n", "k8s.io", "images"];
      await node.exec("ctr", [...ctr, "import", "--snapshotter", "native", archive()]);
      await node.exec("ctr", [...ctr, "mount", "--snapshotter", "native", name, root]);
    });
    const start = (...argv: readonly string[]) => node.exec("chroot", [root, ...argv], { reject: false });

    test.each([
      ["/usr/bin/pod-qos", ["--version"], `pod-qos ${version}`],
      ["/usr/bin/nsenter", ["--version"], "nsenter from util-linux"],
      ["/usr/sbin/chroot", ["/", "/usr/bin/pod-qos", "--version"], `pod-qos ${version}`],
      ["/usr/bin/env", ["CNI_COMMAND=VERSION", "/usr/bin/pod-qos"], '"supportedVersions"'],
      ["/usr/bin/sleep", ["0"], ""],
    ])("%s starts in it", async (program, args, said) => {
      const { exitCode, stdout, stderr } = await start(program, ...args);
      expect([exitCode, stderr]).toEqual([0, ""]);
      expect(stdout).toContain(said);
    });

    test("it has no shell", async () => {
      for (const shell of ["/bin/sh", "/bin/bash", "/bin/busybox"])
        expect((await start(shell, "-c", "true")).exitCode).toBe(127);
    });

    test("the licences of what is in it are in it", async () => {
      const { stdout } = await node.exec("find", [
        "-L",
        join(root, "usr/share/doc"),
        "-type",
        "f",
        "-printf",
        "%P\n",
      ]);
      const files = stdout.split("\n").filter((path) => !/^gcc-\d+-base\//.test(path));
      expect(files.toSorted()).toEqual([
        "base-files/copyright",
        "coreutils/copyright",
        "libc6/copyright",
        "libgcc-s1/copyright",
        "libpcre2-8-0/copyright",
        "libselinux1/copyright",
        "libstdc++6/copyright",
        "pod-qos/THIRD_PARTY_NOTICES",
        "util-linux/copyright",
      ]);
    });
  });

  if (long) {
    test("made again it is the same, byte for byte", async () => {
      await makeImage(request("again"));
      expect((await readFile(archive("again"))).equals(await readFile(archive()))).toBe(true);
    });
  }
});
