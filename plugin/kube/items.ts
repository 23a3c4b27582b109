/**
 * The items of a list, out of the pieces of its text, one after the other: a list of pods is some megabytes, and what is read of an
 * item is dropped before the next one is. What is around them stays, with no items in it. Pure.
 */
export type Items = {
  /** Throws what `take` throws, and where an item gets longer than it may be. */
  readonly push: (piece: Buffer) => void;
  /** The text without the items, once all of it came. Whether it is JSON nobody has looked at. */
  readonly rest: () => string;
};

export function splitItems(take: (item: string) => void, most = MOST): Items {
  const around = gather(most);
  const item = gather(most);
  let depth = 0;
  let isInText = false;
  let isEscaped = false;
  let isInItems = false;
  /** Of a member of the list itself: the text that was read last, and the one that a colon came after. */
  let text = "";
  let name = "";

  const endItem = (last: Buffer): void => {
    item.add(last);
    const its = item.take().trim();
    if (its !== "") take(its);
  };
  const push = (piece: Buffer): void => {
    let from = 0;
    for (let at = 0; at < piece.length; at += 1) {
      const byte = piece[at] ?? 0;
      if (isInText) {
        if (isEscaped) isEscaped = false;
        else if (byte === BACKSLASH) isEscaped = true;
        else if (byte === QUOTE) isInText = false;
        else if (depth === 1 && text.length < longestName) text += String.fromCharCode(byte);
        continue;
      }
      switch (byte) {
        case QUOTE:
          isInText = true;
          if (depth === 1) text = "";
          break;
        case COLON:
          if (depth === 1) name = text;
          break;
        case BRACE:
        case BRACKET:
          depth += 1;
          if (depth !== 2 || byte !== BRACKET || name !== "items") break;
          isInItems = true;
          around.add(piece.subarray(from, at + 1));
          from = at + 1;
          break;
        case COMMA:
          if (depth === 1) name = "";
          if (depth !== 2 || !isInItems) break;
          endItem(piece.subarray(from, at));
          from = at + 1;
          break;
        case BRACE_END:
        case BRACKET_END:
          depth -= 1;
          if (depth !== 1 || !isInItems) break;
          endItem(piece.subarray(from, at));
          from = at;
          isInItems = false;
      }
    }
    (isInItems ? item : around).add(piece.subarray(from));
  };
  return { push, rest: around.take };
}

/** Bytes that belong together: a piece may end within a character. */
function gather(most: number) {
  let pieces: Buffer[] = [];
  let length = 0;
  return {
    add: (piece: Buffer): void => {
      length += piece.length;
      if (length > most)
        throw new Error(`more than ${most} bytes in one item of the list, or around its items`);
      if (piece.length > 0) pieces.push(piece);
    },
    take: (): string => {
      const text = Buffer.concat(pieces, length).toString("utf8");
      pieces = [];
      length = 0;
      return text;
    },
  };
}

const longestName = 8;

const [QUOTE, BACKSLASH, COLON, COMMA] = [0x22, 0x5c, 0x3a, 0x2c] as const;
const [BRACE, BRACE_END, BRACKET, BRACKET_END] = [0x7b, 0x7d, 0x5b, 0x5d] as const;

/** etcd takes no object above 1.5 MiB; JSON may be some times as long. */
const MOST = 8 * 1024 * 1024;
