/** An ar archive, which is what a .deb is, of files of root's and of one moment. Pure. */
import { Buffer } from "node:buffer";

export type Member = { readonly name: string; readonly content: Buffer };

export function arOf(members: readonly Member[], epochSeconds: number): Buffer {
  const parts = members.flatMap(({ name, content }) => [
    Buffer.from(headerOf(name, content.length, epochSeconds)),
    content,
    // Each begins at an even byte.
    Buffer.from(content.length % 2 === 0 ? "" : "\n"),
  ]);
  return Buffer.concat([Buffer.from("!<arch>\n"), ...parts]);
}

function headerOf(name: string, size: number, epochSeconds: number): string {
  if (name.length > 16) throw new Error(`${name} is too long a name for this archive`);
  const fields = [
    name.padEnd(16),
    String(epochSeconds).padEnd(12),
    "0".padEnd(6),
    "0".padEnd(6),
    "100644".padEnd(8),
    String(size).padEnd(10),
  ];
  return `${fields.join("")}\u0060\n`;
}
