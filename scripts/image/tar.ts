/** A tar archive (ustar) whose bytes follow from its entries alone: root owns everything, and all is of one moment. Pure. */
import { Buffer } from "node:buffer";

export type Entry = { readonly path: string } & (
  | { readonly kind: "file"; readonly content: Buffer; readonly mode: number }
  | { readonly kind: "link"; readonly target: string }
  | { readonly kind: "directory" }
);

/** In the order of their paths, each below directories of its own; a path that is there twice is an error. */
export function tarOf(entries: readonly Entry[], epochSeconds: number): Buffer {
  const all = withDirectories(entries).toSorted((one, other) => (one.path < other.path ? -1 : 1));
  const blocks = all.flatMap((entry) => {
    const content = entry.kind === "file" ? entry.content : EMPTY;
    const padding = Buffer.alloc(-content.length & (BLOCK - 1));
    return [headerOf(entry, content.length, epochSeconds), content, padding];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
}

const BLOCK = 512;
const EMPTY = Buffer.alloc(0);

function withDirectories(entries: readonly Entry[]): readonly Entry[] {
  const known = new Map<string, Entry>();
  for (const entry of entries) {
    if (known.has(entry.path)) throw new Error(`${entry.path} would be in the archive twice`);
    known.set(entry.path, entry);
  }
  for (const { path } of entries) {
    const parts = path.split("/");
    for (let length = 1; length < parts.length; length += 1) {
      const parent = parts.slice(0, length).join("/");
      if (!known.has(parent)) known.set(parent, { path: parent, kind: "directory" });
    }
  }
  return [...known.values()];
}

function headerOf(entry: Entry, size: number, epochSeconds: number): Buffer {
  const { path, kind } = entry;
  const target = kind === "link" ? entry.target : "";
  const mode = kind === "file" ? entry.mode : kind === "link" ? 0o777 : 0o755;
  const name = kind === "directory" ? `${path}/` : path;
  if (Buffer.byteLength(name) > NAME_LENGTH || Buffer.byteLength(target) > NAME_LENGTH) {
    throw new Error(`${name} is too long a path for this archive`);
  }
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0);
  header.write(octal(mode, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(size, 12), 124);
  header.write(octal(epochSeconds, 12), 136);
  header.fill(" ", 148, 156);
  header.write(TYPE[kind], 156);
  header.write(target, 157);
  header.write("ustar\u000000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\u0000 `, 148);
  return header;
}

const NAME_LENGTH = 100;
const TYPE = { file: "0", link: "2", directory: "5" } as const satisfies Record<Entry["kind"], string>;

function octal(value: number, length: number): string {
  return value.toString(8).padStart(length - 1, "0");
}
