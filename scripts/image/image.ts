/** The image: two layers per architecture, the executable above its libraries, as an OCI layout and as a tar of that. */
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Arch, executableName } from "../build/project.ts";
import { assertReplaceable } from "../build/replaceable.ts";
import { type Image, layerOf, layoutOf } from "./oci.ts";
import { tarOf } from "./tar.ts";
import { type DebianPackage, tools } from "./tools.ts";

export type ImageRequest = {
  readonly archs: readonly Arch[];
  /** Where the executables are. */
  readonly executables: string;
  readonly out: string;
  readonly version: string;
  /** Asks Debian's mirror for the packages of now. */
  readonly fresh: boolean;
  /** The moment that all files bear. */
  readonly epochSeconds: number;
};

export type MadeImage = {
  readonly layout: string;
  readonly archive: string;
  readonly name: string;
  readonly packages: Readonly<Partial<Record<Arch, readonly DebianPackage[]>>>;
};

/** There is no registry of ours: who has one gives it another name. */
export const imageName = (version: string): string => `localhost/pod-qos:${version}`;

export async function makeImage(request: ImageRequest): Promise<MadeImage> {
  const { archs, out, version, epochSeconds } = request;
  const name = imageName(version);
  const [layout, archive] = [join(out, "image"), join(out, "pod-qos-image.tar")];
  await assertReplaceable(layout, "oci-layout");
  const made = await Promise.all(archs.map((arch) => imageFor(arch, request)));
  const files = layoutOf(
    made.map(({ image }) => image),
    name,
  );
  await mkdir(out, { recursive: true });
  const work = await mkdtemp(join(out, ".image-"));
  try {
    await writeLayout(join(work, "image"), files);
    const entries = [...files].map(([path, content]) => ({
      path,
      kind: "file" as const,
      content,
      mode: 0o644,
    }));
    await writeFile(join(work, "tar"), tarOf(entries, epochSeconds));
    await rm(layout, { recursive: true, force: true });
    await rename(join(work, "image"), layout);
    await rename(join(work, "tar"), archive);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  const packages = Object.fromEntries(made.map((each) => [each.image.arch, each.packages]));
  return { layout, archive, name, packages };
}

type Part = { readonly image: Image; readonly packages: readonly DebianPackage[] };

async function imageFor(
  arch: Arch,
  { executables, version, fresh, epochSeconds }: ImageRequest,
): Promise<Part> {
  const { entries, packages } = await tools(arch, fresh);
  const content = await readFile(join(executables, executableName(arch)));
  const licence = await readFile(join(executables, "THIRD_PARTY_NOTICES"));
  const own = tarOf(
    [
      { path: EXECUTABLE, kind: "file", content, mode: 0o755 },
      { path: "usr/share/doc/pod-qos/THIRD_PARTY_NOTICES", kind: "file", content: licence, mode: 0o644 },
    ],
    epochSeconds,
  );
  const layers = [
    layerOf(tarOf(entries, epochSeconds), "Debian packages of pod-qos"),
    layerOf(own, "npm run build"),
  ];
  const image: Image = {
    arch,
    layers,
    entrypoint: [`/${EXECUTABLE}`],
    path: "/usr/sbin:/usr/bin",
    labels: {
      "org.opencontainers.image.title": "pod-qos",
      "org.opencontainers.image.version": version,
      "org.opencontainers.image.licenses": "Apache-2.0",
    },
    created: new Date(epochSeconds * 1000).toISOString(),
  };
  return { image, packages };
}

const EXECUTABLE = "usr/bin/pod-qos";

async function writeLayout(folder: string, files: ReadonlyMap<string, Buffer>): Promise<void> {
  for (const [path, content] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}
