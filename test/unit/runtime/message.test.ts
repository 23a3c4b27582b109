/** What protobuf's own encoder makes of a few messages is read as it was meant. */
import { describe, expect, it } from "vitest";
import { boolAt, boolField, messagesAt, readMessage, textAt } from "../../../plugin/runtime/message.ts";

const bytes = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(" ", ""), "hex");

describe("a message", () => {
  it("has texts, truths and messages by the numbers of their fields", () => {
    // { 1: { 1: "NetworkReady", 2: true, 4: "it's" }, 2: { 1: "a", 2: "b" } }
    const message = readMessage(
      bytes("0a 16 0a 0c 4e6574776f726b5265616479 10 01 22 04 69742773 12 06 0a 01 61 12 01 62"),
    );
    const [condition = new Map()] = messagesAt(message, 1);
    expect([textAt(condition, 1), boolAt(condition, 2), textAt(condition, 4)]).toEqual([
      "NetworkReady",
      true,
      "it's",
    ]);
    expect(messagesAt(message, 2).map((entry) => [textAt(entry, 1), textAt(entry, 2)])).toEqual([["a", "b"]]);
  });

  it("leaves out what is empty or false", () => {
    const message = readMessage(new Uint8Array());
    expect([textAt(message, 1), boolAt(message, 2), messagesAt(message, 3)]).toEqual(["", false, []]);
  });

  it("may have fields that we do not know, of any kind", () => {
    const message = readMessage(bytes("09 0102030405060708 15 01020304 18 ac02 22 02 6f6b"));
    expect(textAt(message, 4)).toBe("ok");
    expect(message.get(3)).toEqual([300]);
  });

  it("of a text that is longer than 127 bytes has it whole", () => {
    const text = "x".repeat(300);
    const message = readMessage(Buffer.concat([bytes("0a ac02"), Buffer.from(text)]));
    expect(textAt(message, 1)).toBe(text);
  });

  it.each([
    ["in the middle of a field", "0a 05 61", "in the middle of a field"],
    ["in the middle of a number", "08 80", "in the middle of a number"],
    ["with what is no field", "0f", "is no message"],
  ])("that ends %s is none", (_, hex, words) => {
    expect(() => readMessage(bytes(hex))).toThrow(words);
  });

  it("with one truth is two bytes", () => {
    expect(boolField(1, true)).toEqual(Uint8Array.of(8, 1));
  });
});
