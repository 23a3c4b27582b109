/** A small CRI client over containerd's socket: what the kubelet says to start and stop a pod, and nothing else. */
import { connect, constants } from "node:http2";
import { connect as connectSocket } from "node:net";
import { allBytesOf, bytesOf, message, numberOf, stringMap, textOf } from "./protobuf.ts";

export type Sandbox = {
  readonly name: string;
  readonly uid: string;
  readonly annotations: Readonly<Record<string, string>>;
};

export type SandboxStatus = { readonly ready: boolean; readonly address: string };

export type Cri = {
  readonly runSandbox: (sandbox: Sandbox) => Promise<string>;
  readonly sandboxStatus: (id: string) => Promise<SandboxStatus>;
  readonly stopSandbox: (id: string) => Promise<void>;
  readonly removeSandbox: (id: string) => Promise<void>;
  readonly networkReady: () => Promise<boolean>;
  readonly hasImage: (reference: string) => Promise<boolean>;
};

export function criOf(socket: string): Cri {
  const runtime = (method: string, request: Uint8Array): Promise<Uint8Array> =>
    call(socket, `/runtime.v1.RuntimeService/${method}`, request);
  return {
    runSandbox: async (sandbox) => textOf(await runtime("RunPodSandbox", message([1, config(sandbox)])), 1),
    sandboxStatus: async (id) => {
      const status = bytesOf(await runtime("PodSandboxStatus", message([1, id])), 1) ?? message();
      const network = bytesOf(status, 5) ?? message();
      return { ready: numberOf(status, 3) === 0, address: textOf(network, 1) };
    },
    stopSandbox: async (id) => void (await runtime("StopPodSandbox", message([1, id]))),
    removeSandbox: async (id) => void (await runtime("RemovePodSandbox", message([1, id]))),
    networkReady: async () => {
      const status = bytesOf(await runtime("Status", message()), 1) ?? message();
      return allBytesOf(status, 1).some(
        (each) => textOf(each, 1) === "NetworkReady" && numberOf(each, 2) === 1,
      );
    },
    hasImage: async (reference) => {
      const request = message([1, message([1, reference])]);
      return bytesOf(await call(socket, "/runtime.v1.ImageService/ImageStatus", request), 1) !== undefined;
    },
  };
}

/** PodSandboxConfig: 1 metadata, 2 hostname, 3 log folder, 7 annotations, 8 linux. */
function config({ name, uid, annotations }: Sandbox): Uint8Array {
  const metadata = message([1, name], [2, uid], [3, "default"], [4, 0]);
  const fields = stringMap(7, annotations);
  return message([1, metadata], [2, name], [3, "/tmp/pod-logs"], ...fields, [8, message()]);
}

/** One unary gRPC call on a connection of its own. */
async function call(socket: string, path: string, request: Uint8Array): Promise<Uint8Array> {
  const session = connect("http://localhost", { createConnection: () => connectSocket(socket) });
  try {
    return await new Promise<Uint8Array>((resolve, reject) => {
      session.on("error", reject);
      const stream = session.request({
        [constants.HTTP2_HEADER_METHOD]: "POST",
        [constants.HTTP2_HEADER_PATH]: path,
        [constants.HTTP2_HEADER_CONTENT_TYPE]: "application/grpc",
        [constants.HTTP2_HEADER_TE]: "trailers",
      });
      const chunks: Uint8Array[] = [];
      let trailers: Readonly<Record<string, unknown>> = {};
      // A call refused at once has its status in the only headers it sends.
      stream.on("response", (headers) => (trailers = headers));
      stream.on("trailers", (headers) => (trailers = headers));
      stream.on("data", (chunk: Uint8Array) => chunks.push(chunk));
      stream.on("error", reject);
      stream.on("end", () => {
        if (trailers["grpc-status"] === "0") resolve(Buffer.concat(chunks).subarray(FRAME_HEADER));
        else reject(new Error(`${path}: ${decodeURIComponent(String(trailers["grpc-message"]))}`));
      });
      stream.end(frame(request));
    });
  } finally {
    session.close();
  }
}

/** gRPC's message frame: not compressed, then the length. */
const FRAME_HEADER = 5;
function frame(payload: Uint8Array): Uint8Array {
  const header = Buffer.alloc(FRAME_HEADER);
  header.writeUInt32BE(payload.length, 1);
  return Buffer.concat([header, payload]);
}
