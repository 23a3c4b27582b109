/** A stream of lines, whatever pieces it comes in. */
import type { Readable } from "node:stream";

/** Until the stream ends; its being cut or given up is an end as well. */
export const readLines = async (stream: Readable, onLine: (line: string) => void): Promise<void> => {
  let rest = "";
  stream.setEncoding("utf8");
  try {
    for await (const piece of stream as AsyncIterable<string>) {
      const lines = (rest + piece).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line !== "") onLine(line);
    }
  } catch (error) {
    if (!CUT.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
};

const CUT = new Set(["ECONNRESET", "ABORT_ERR", "ERR_STREAM_PREMATURE_CLOSE"]);
