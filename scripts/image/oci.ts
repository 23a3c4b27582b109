/** What an OCI image layout consists of, as values and blobs that are named by their sha256. Pure. */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { Arch } from "../build/project.ts";

export type Blob = { readonly digest: string; readonly size: number; readonly content: Buffer };

export type Layer = Blob & {
  /** The sha256 of what is in it before it is compressed. */
  readonly diffId: string;
  readonly createdBy: string;
};

export type Labels = Readonly<Record<string, string>>;

export type Image = {
  readonly arch: Arch;
  /** The lowest first. */
  readonly layers: readonly Layer[];
  readonly entrypoint: readonly string[];
  readonly path: string;
  readonly labels: Labels;
  /** RFC 3339. */
  readonly created: string;
};

export function layerOf(tar: Buffer, createdBy: string): Layer {
  return { ...blobOf(gzipSync(tar, { level: 6 })), diffId: digestOf(tar), createdBy };
}

/** The files of a layout by their paths. `name` is a whole one, with a registry: a runtime would else complete it to another. */
export function layoutOf(images: readonly Image[], name: string): ReadonlyMap<string, Buffer> {
  const blobs = images.map((image) => blobsOf(image));
  const manifests = blobs.map(({ manifest, image }) => ({
    mediaType: MANIFEST,
    digest: manifest.digest,
    size: manifest.size,
    platform: { architecture: ARCHITECTURE[image.arch], os: "linux" },
  }));
  const inner = jsonBlob({ schemaVersion: 2, mediaType: INDEX, manifests });
  const annotations = {
    "io.containerd.image.name": name,
    "org.opencontainers.image.ref.name": name.slice(name.lastIndexOf(":") + 1),
  };
  const outer = {
    schemaVersion: 2,
    mediaType: INDEX,
    manifests: [{ mediaType: INDEX, digest: inner.digest, size: inner.size, annotations }],
  };
  const all = [inner, ...blobs.flatMap(({ manifest, config, image }) => [manifest, config, ...image.layers])];
  return new Map([
    ["oci-layout", json({ imageLayoutVersion: "1.0.0" })],
    ["index.json", json(outer)],
    ...all.map(({ digest, content }) => [`blobs/sha256/${digest.slice("sha256:".length)}`, content] as const),
  ]);
}

const INDEX = "application/vnd.oci.image.index.v1+json";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const CONFIG = "application/vnd.oci.image.config.v1+json";
const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";

/** As Go calls them. */
const ARCHITECTURE = { x64: "amd64", arm64: "arm64" } as const satisfies Record<Arch, string>;

type ImageBlobs = { readonly image: Image; readonly manifest: Blob; readonly config: Blob };

function blobsOf(image: Image): ImageBlobs {
  const config = jsonBlob(configOf(image));
  const manifest = jsonBlob({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { mediaType: CONFIG, digest: config.digest, size: config.size },
    layers: image.layers.map(({ digest, size }) => ({ mediaType: LAYER, digest, size })),
    annotations: image.labels,
  });
  return { image, manifest, config };
}

function configOf({ arch, layers, entrypoint, path, labels, created }: Image): object {
  return {
    created,
    architecture: ARCHITECTURE[arch],
    os: "linux",
    config: { Entrypoint: entrypoint, Env: [`PATH=${path}`], Labels: labels },
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(({ createdBy }) => ({ created, created_by: createdBy })),
  };
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function jsonBlob(value: object): Blob {
  return blobOf(json(value));
}

function blobOf(content: Buffer): Blob {
  return { digest: digestOf(content), size: content.length, content };
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}
