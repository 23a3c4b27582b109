/** The Debian package: the executable, and a systemd unit that nobody starts but the operator. No tool of Debian's is needed. Pure. */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { DEBIAN_ARCH } from "../build/debian.ts";
import type { Arch } from "../build/project.ts";
import { type Entry, tarOf } from "../image/tar.ts";
import { arOf } from "./ar.ts";
import {
  control,
  copyright,
  overrides,
  packageChangelog,
  postinst,
  postrm,
  prerm,
  unit,
} from "./deb-texts.ts";

export type DebRequest = {
  readonly arch: Arch;
  readonly version: string;
  readonly executable: Buffer;
  readonly notices: string;
  readonly changelog: string;
  /** In troff. */
  readonly manual: string;
  readonly epochSeconds: number;
};

export const debName = ({ arch, version }: Pick<DebRequest, "arch" | "version">): string =>
  `pod-qos_${version}_${DEBIAN_ARCH[arch]}.deb`;

export function debOf(request: DebRequest): Buffer {
  const { arch, version, epochSeconds } = request;
  const files = filesOf(request);
  const installed = Math.ceil(files.reduce((sum, { content }) => sum + content.length, 0) / 1024);
  const scripts = { postinst, prerm, postrm };
  const meta = [
    file("control", control({ version, architecture: DEBIAN_ARCH[arch], installed })),
    file("md5sums", files.map(({ path, content }) => `${md5(content)}  ${path}\n`).join("")),
    ...Object.entries(scripts).map(([name, text]) => file(name, text, 0o755)),
  ];
  const packed = (entries: readonly Entry[]): Buffer =>
    gzipSync(tarOf(entries.map(below), epochSeconds), { level: 9 });
  const members = [
    { name: "debian-binary", content: Buffer.from("2.0\n") },
    { name: "control.tar.gz", content: packed(meta) },
    { name: "data.tar.gz", content: packed(files) },
  ];
  return arOf(members, epochSeconds);
}

type File = Extract<Entry, { readonly kind: "file" }>;

function filesOf({
  version,
  executable,
  notices,
  changelog,
  manual,
  arch,
  epochSeconds,
}: DebRequest): readonly File[] {
  const documents = "usr/share/doc/pod-qos";
  return [
    { path: "usr/bin/pod-qos", kind: "file", content: executable, mode: 0o755 },
    file("lib/systemd/system/pod-qos.service", unit),
    file(`${documents}/copyright`, copyright),
    file(`${documents}/changelog.gz`, packedText(packageChangelog(version, epochSeconds))),
    file(`${documents}/CHANGELOG.md.gz`, packedText(changelog)),
    file(`${documents}/THIRD_PARTY_NOTICES.gz`, packedText(notices)),
    file("usr/share/man/man8/pod-qos.8.gz", packedText(manual)),
    file("usr/share/lintian/overrides/pod-qos", overrides(DEBIAN_ARCH[arch])),
  ];
}

/** As dpkg-deb writes paths. */
function below(entry: Entry): Entry {
  return { ...entry, path: `./${entry.path}` };
}

function file(path: string, content: string | Buffer, mode = 0o644): File {
  return { path, kind: "file", content: Buffer.from(content), mode };
}

function packedText(text: string): Buffer {
  return gzipSync(text, { level: 9 });
}

function md5(content: Buffer): string {
  return createHash("md5").update(content).digest("hex");
}
