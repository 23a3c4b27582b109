/** As much of protobuf as a few messages of the CRI need. Pure. */

/** The values of each field by its number: whole numbers, or bytes of a text or message. */
export type Message = ReadonlyMap<number, readonly (number | Uint8Array)[]>;

export function boolField(number: number, value: boolean): Uint8Array {
  return Uint8Array.of(number << 3, value ? 1 : 0);
}

export function readMessage(bytes: Uint8Array): Message {
  const fields = new Map<number, (number | Uint8Array)[]>();
  for (let at = 0; at < bytes.length;) {
    const tag = readVarint(bytes, at);
    const field = readValue(bytes, tag.next, tag.value % 8);
    const number = Math.floor(tag.value / 8);
    fields.set(number, [...(fields.get(number) ?? []), field.value]);
    at = field.next;
  }
  return fields;
}

type Read<Value> = { readonly value: Value; readonly next: number };

function readValue(bytes: Uint8Array, at: number, wireType: number): Read<number | Uint8Array> {
  switch (wireType) {
    case 0:
      return readVarint(bytes, at);
    case 1:
      return slice(bytes, at, 8);
    case 2: {
      const length = readVarint(bytes, at);
      return slice(bytes, length.next, length.value);
    }
    case 5:
      return slice(bytes, at, 4);
    default:
      throw new Error(`the answer is no message: wire type ${wireType}`);
  }
}

/** Exact up to 2^53; what is longer is nothing that we look at. */
function readVarint(bytes: Uint8Array, from: number): Read<number> {
  let value = 0;
  for (let at = from; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * (at - from));
    if (byte < 0x80) return { value, next: at + 1 };
  }
  throw new Error("the answer ends in the middle of a number");
}

function slice(bytes: Uint8Array, at: number, length: number): Read<Uint8Array> {
  if (at + length > bytes.length) throw new Error("the answer ends in the middle of a field");
  return { value: bytes.subarray(at, at + length), next: at + length };
}

export function textAt(message: Message, number: number): string {
  const last = message.get(number)?.at(-1);
  return last instanceof Uint8Array ? Buffer.from(last).toString("utf8") : "";
}

/** proto3 leaves out what is false. */
export function boolAt(message: Message, number: number): boolean {
  return message.get(number)?.at(-1) === 1;
}

export function messagesAt(message: Message, number: number): readonly Message[] {
  const values = message.get(number) ?? [];
  return values.filter((value) => value instanceof Uint8Array).map(readMessage);
}
