/** One call of gRPC on a socket of this node: a message there, a message back. */
import { connect, constants, type ClientHttp2Stream } from "node:http2";

export class CallError extends Error {
  override readonly name = "CallError";
  /** gRPC's: 12 is "there is no such call". undefined: nobody answered. */
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

const limitMs = 2_000;

/** `method`: "/runtime.v1.RuntimeService/Status" */
export async function call(socket: string, method: string, message: Uint8Array): Promise<Uint8Array> {
  // Where it connects to is the path; the URL is what gRPC calls the other side.
  const session = connect("http://localhost", { path: socket });
  try {
    return await new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new CallError(`no answer within ${limitMs / 1000} s`)), limitMs);
      const fail = (error: Error): void => reject(new CallError(error.message));
      // Not once: one that came after the answer would end the program.
      session.on("error", fail);
      const stream = session.request({
        [constants.HTTP2_HEADER_METHOD]: "POST",
        [constants.HTTP2_HEADER_PATH]: method,
        "content-type": "application/grpc",
        te: "trailers",
      });
      stream.on("error", fail);
      stream.once("close", () => clearTimeout(late));
      answerOf(stream).then(resolve, reject);
      stream.end(framed(message));
    });
  } finally {
    session.destroy();
  }
}

async function answerOf(stream: ClientHttp2Stream): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let headers: Headers = {};
  const note = (more: Headers): void => {
    headers = { ...headers, ...more };
  };
  stream.on("response", note).on("trailers", note);
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  // Trailers may come after the end of the data; behind the close nothing comes.
  await new Promise((resolve) => stream.once("close", resolve));
  return messageIn(headers, Buffer.concat(chunks));
}

type Headers = Readonly<Record<string, unknown>>;

/** The status comes behind the message, or, where there is none, with the headers. */
function messageIn(headers: Headers, bytes: Buffer): Uint8Array {
  const { "grpc-status": status, "grpc-message": text, ":status": http } = headers;
  if (status === "0") return unframed(bytes);
  if (status === undefined) throw new CallError(`it speaks no gRPC (HTTP status ${String(http)})`);
  throw new CallError(typeof text === "string" ? text : "refused", Number(status));
}

/** A byte that says "not compressed", and the length. */
function framed(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function unframed(bytes: Buffer): Uint8Array {
  if (bytes.length < 5) throw new CallError("the answer has no message");
  return bytes.subarray(5, 5 + bytes.readUInt32BE(1));
}
