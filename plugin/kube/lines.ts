/** Lines out of the pieces of a stream. Pure. */
export type Lines = {
  /** The lines that are complete with this piece, without their ends. Throws where one gets longer than it may be. */
  readonly push: (piece: Buffer) => readonly string[];
  /** Bytes of a line that has not ended. */
  readonly rest: () => number;
};

/** By the byte 0x0A, which is in no other character of UTF-8: a piece may end within a character. */
export function splitLines(most = MOST): Lines {
  let pieces: Buffer[] = [];
  let length = 0;
  const keep = (piece: Buffer): void => {
    if (length + piece.length > most) throw new Error(`a line of more than ${most} bytes`);
    if (piece.length > 0) pieces.push(piece);
    length += piece.length;
  };
  const take = (): string => {
    const line = Buffer.concat(pieces, length).toString("utf8");
    pieces = [];
    length = 0;
    return line;
  };
  return {
    push: (piece) => {
      const lines: string[] = [];
      let from = 0;
      for (let end = piece.indexOf(LINE_END); end !== -1; end = piece.indexOf(LINE_END, from)) {
        keep(piece.subarray(from, end));
        lines.push(take());
        from = end + 1;
      }
      keep(piece.subarray(from));
      return lines;
    },
    rest: () => length,
  };
}

const LINE_END = 0x0a;

/** etcd takes no object above 1.5 MiB; JSON may be some times as long. */
const MOST = 8 * 1024 * 1024;
