/** What a container runtime says of itself, by the CRI's Version and Status. */
import { call, CallError } from "./call.ts";
import { boolAt, boolField, messagesAt, readMessage, textAt, type Message } from "./message.ts";

export type RuntimeStatus = {
  /** "containerd", "cri-o" */
  readonly name: string;
  readonly version: string;
  readonly conditions: readonly Condition[];
  /** What it adds for people: JSON or plain text by key. containerd: "cniconfig", "lastCNILoadStatus", ... */
  readonly info: Readonly<Record<string, string>>;
};

export type Condition = { readonly type: string; readonly isSo: boolean; readonly message: string };

/** The first is that of containerd 1.6 and CRI-O 1.20 on. */
const services = ["runtime.v1.RuntimeService", "runtime.v1alpha2.RuntimeService"] as const;

const unimplemented = 12;

export async function runtimeStatus(socket: string): Promise<RuntimeStatus> {
  const [newer, older] = services;
  try {
    return await statusBy(socket, newer);
  } catch (error) {
    if (error instanceof CallError && error.status === unimplemented) return statusBy(socket, older);
    throw error;
  }
}

async function statusBy(socket: string, service: string): Promise<RuntimeStatus> {
  const verbose = boolField(1, true);
  const [version, status] = await Promise.all([
    call(socket, `/${service}/Version`, new Uint8Array()),
    call(socket, `/${service}/Status`, verbose),
  ]);
  return asStatus(readMessage(version), readMessage(status));
}

/** By the numbers of the CRI's api.proto. */
function asStatus(version: Message, answer: Message): RuntimeStatus {
  const [status = new Map()] = messagesAt(answer, 1);
  return {
    name: textAt(version, 2),
    version: textAt(version, 3),
    conditions: messagesAt(status, 1).map((condition) => ({
      type: textAt(condition, 1),
      isSo: boolAt(condition, 2),
      message: textAt(condition, 4),
    })),
    info: Object.fromEntries(messagesAt(answer, 2).map((entry) => [textAt(entry, 1), textAt(entry, 2)])),
  };
}
