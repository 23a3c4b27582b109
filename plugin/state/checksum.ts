/** 32-bit FNV-1a: tells a torn file from a whole one. node:crypto would cost a fifth of bare start-up. */
export function checksum(bytes: Uint8Array): number {
  let sum = 0x811c9dc5;
  for (const byte of bytes) sum = Math.imul(sum ^ byte, 0x01000193);
  return sum >>> 0;
}
