/** The process edge: environment and stdin in, stdout and exit code out, every failure mapped to a CNI error once. */
import { readCall, type Call } from "./cni/call.ts";
import { readLeniently } from "./cni/conf.ts";
import { isObject, type JsonObject } from "./cni/fields.ts";
import { withMember } from "./cni/raw.ts";
import { podName } from "./cni/request.ts";
import { inOurSpelling, sameKey } from "./cni/spelling.ts";
import { assertVersionAllows } from "./cni/versions.ts";
import { versionReply } from "./verbs/version.ts";
import { CniError, ErrorCode, messageOf, withContext } from "./errors.ts";
import { createLog } from "./log.ts";
import { refuseRepeatedKeys } from "./cni/json-keys.ts";
import { print, readInput } from "./stdio.ts";
import { commands } from "./verbs/verbs.ts";

if (process.env["CNI_COMMAND"] === undefined)
  void serveCaller().then((exitCode) => (process.exitCode = exitCode));
// All is written by now. To end by itself, Node would take down its heap piece by piece, which takes longer than a tool.
else void serveRuntime().then((exitCode) => process.exit(exitCode));

async function serveCaller(): Promise<number> {
  return (await import("./commands.ts")).serveCaller(process.argv.slice(2));
}

async function serveRuntime(): Promise<number> {
  let document: JsonObject = {};
  try {
    const call = readCall(process.env);
    const input = readInput();
    if (call.verb === "VERSION") {
      return print(versionReply(tolerantVersion(input))) ? 0 : 1;
    }
    document = inOurSpelling(parseInput(input));
    const output = await serve(call, input, document);
    return output === undefined || print(output) ? 0 : 1;
  } catch (error) {
    print(JSON.stringify(errorObject(error, document["cniVersion"])));
    return 1;
  }
}

async function serve(call: Call, input: string, document: JsonObject): Promise<string | undefined> {
  const configured = document["cniVersion"];
  const version = assertVersionAllows(call.verb, typeof configured === "string" ? configured : undefined);
  const log = createLog(readLeniently(document));
  if (call.verb === "VERSION") return undefined;
  const command = await commands[call.verb]();
  try {
    // Nothing in a conf must keep a pod from its end.
    if (call.verb !== "DEL") refuseRepeated(input);
    return await command({ call, input, document, version, log });
  } catch (error) {
    const failure = ofPod(error, call);
    const details = failure instanceof CniError && failure.details !== "" ? `\n${failure.details}` : "";
    log("error", `${call.verb} ${messageOf(failure)}${details}`);
    throw failure;
  }
}

/** prevResult is left out: it is handed on as it came. */
function refuseRepeated(input: string): void {
  refuseRepeatedKeys("the network configuration", withMember(input, "prevResult", "", sameKey));
}

/** What a runtime shows of a failure is the message, in a list with those of other pods. */
function ofPod(error: unknown, call: Call): unknown {
  const pod = `${podName(call)} ${call.ifname}`;
  if (!(error instanceof CniError) || call.containerId === "" || error.message.startsWith(pod)) return error;
  return withContext(error, pod);
}

function parseInput(input: string): JsonObject {
  let parsed: unknown;
  try {
    parsed = JSON.parse(input);
  } catch (error) {
    throw new CniError(ErrorCode.decode, "the network configuration on stdin is not JSON", messageOf(error));
  }
  if (!isObject(parsed)) {
    throw new CniError(ErrorCode.decode, "the network configuration on stdin is not a JSON object");
  }
  return parsed;
}

function tolerantVersion(input: string): unknown {
  try {
    return inOurSpelling(parseInput(input))["cniVersion"];
  } catch {
    return undefined;
  }
}

/** A bug of ours is reported like any other failure: a code, a sentence, no stack trace. */
function errorObject(error: unknown, version: unknown): object {
  const cniVersion = typeof version === "string" ? { cniVersion: version } : {};
  if (error instanceof CniError) {
    const details = error.details === "" ? {} : { details: error.details };
    return { ...cniVersion, code: error.code, msg: error.message, ...details };
  }
  const isIo = error instanceof Error && "syscall" in error;
  return {
    ...cniVersion,
    code: isIo ? ErrorCode.io : ErrorCode.internal,
    msg: `pod-qos failed in a way it did not expect: ${messageOf(error)}`,
  };
}
