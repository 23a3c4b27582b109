/** As much of the protobuf wire format as a CRI client needs (pure). */

export type Field = readonly [number: number, value: string | number | Uint8Array];

const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** Encodes fields in the order given; a number is a varint, text and bytes are length-delimited. */
export function message(...fields: readonly Field[]): Uint8Array {
  return Buffer.concat(
    fields.map(([number, value]) => {
      if (typeof value === "number") return Buffer.concat([tag(number, VARINT), varint(value)]);
      const bytes = Buffer.from(value);
      return Buffer.concat([tag(number, LENGTH_DELIMITED), varint(bytes.length), bytes]);
    }),
  );
}

/** A map<string, string> is a repeated message of key and value. */
export function stringMap(number: number, map: Readonly<Record<string, string>>): readonly Field[] {
  return Object.entries(map).map(([key, value]) => [number, message([1, key], [2, value])]);
}

/** Every length-delimited field with this number. */
export function allBytesOf(encoded: Uint8Array, number: number): readonly Uint8Array[] {
  return parse(encoded).flatMap(([each, value]) =>
    each === number && typeof value !== "number" ? [value] : [],
  );
}

export function bytesOf(encoded: Uint8Array, number: number): Uint8Array | undefined {
  return allBytesOf(encoded, number)[0];
}

export function textOf(encoded: Uint8Array, number: number): string {
  return Buffer.from(bytesOf(encoded, number) ?? []).toString();
}

/** A varint field; absent means 0, as in proto3. */
export function numberOf(encoded: Uint8Array, number: number): number {
  const value = parse(encoded).find(([each]) => each === number)?.[1];
  return typeof value === "number" ? value : 0;
}

function parse(encoded: Uint8Array): readonly (readonly [number, number | Uint8Array])[] {
  const fields: (readonly [number, number | Uint8Array])[] = [];
  let at = 0;
  const read = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = encoded[at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (at < encoded.length) {
    const key = read();
    const value = read();
    if (key % 8 === VARINT) fields.push([key >> 3, value]);
    else if (key % 8 === LENGTH_DELIMITED) {
      fields.push([key >> 3, encoded.subarray(at, at + value)]);
      at += value;
    } else throw new Error(`protobuf wire type ${key % 8} is not one CRI uses`);
  }
  return fields;
}

function tag(number: number, wireType: number): Uint8Array {
  return varint(number * 8 + wireType);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest % 128) | 0x80);
  }
}
