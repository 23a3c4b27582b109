/** `pod-qos uplink show`, `pod-qos uplink restore [DEVICE]` and `pod-qos uplink remove [DEVICE]`. */
import { settleUplink } from "../attachment/uplink/settle.ts";
import { takeAwayUplink } from "../attachment/uplink/take-away.ts";
import { interfaceNameFault } from "../cni/call.ts";
import { defaultStateDir } from "../cni/conf.ts";
import { command, type Print } from "../command-line/command.ts";
import type { Values } from "../command-line/option.ts";
import { CniError, ErrorCode, UsageError } from "../errors.ts";
import { createLog } from "../log.ts";
import { assertReadable } from "../report/node.ts";
import { listUplinks, readStandingDeclaration } from "../state/uplinks.ts";
import { showUplinks } from "./show.ts";
import { common, optionsFrom, table } from "./show/options.ts";

export const uplinkShow = command({
  about: 'RATE is guaranteed, CEIL the ceiling, "|" in a bar the guarantee.',
  options: table,
  exitCodes: { 0: "the uplinks are well", 1: "something is not as it should be" },
  run: ({ options }, print) => showUplinks(optionsFrom(options), print),
});

export const uplinkRestore = command({
  operand: "DEVICE",
  about: `What differs from its record is changed in place, as the agent does it. Needs no
DEVICE where there is one uplink.`,
  options: common,
  exitCodes: { 0: "it is as its record says", 1: "something is in the way" },
  run: ({ options, operand }, print) => restore(options, operand, print),
});

export const uplinkRemove = command({
  operand: "DEVICE",
  about: `Needs no DEVICE where there is one uplink. What somebody else uses stays and is
listed.`,
  options: common,
  exitCodes: { 0: "nothing of ours is left", 1: "something could not go" },
  run: ({ options, operand }, print) => remove(options, operand, print),
});

async function restore(
  { json, "state-dir": stateDir = defaultStateDir }: Values<typeof common>,
  named: string | undefined,
  print: Print,
): Promise<number> {
  const device = deviceOf(stateDir, named);
  const standing = readStandingDeclaration(stateDir, device);
  if (standing === undefined) {
    throw new CniError(
      ErrorCode.notAvailable,
      `${stateDir} has no uplink ${device} of this version: the next pod whose conf has it makes it`,
    );
  }
  const { network, conf } = standing;
  const log = createLog({ logFile: undefined, logLevel: "info" });
  const { found } = await settleUplink({ stateDir, network, conf, log });
  const text =
    found.length === 0
      ? [`${device} is as its record says`]
      : ["restored:", ...found.map((each) => `  ${each}`)];
  return print(json ? JSON.stringify({ device, restored: found }) : text.join("\n")) ? 0 : 1;
}

async function remove(
  { json, "state-dir": stateDir = defaultStateDir }: Values<typeof common>,
  named: string | undefined,
  print: Print,
): Promise<number> {
  const device = deviceOf(stateDir, named);
  const { removed, kept } = await takeAwayUplink(stateDir, device);
  const text = [
    removed.length === 0 ? `nothing of ours was on ${device}` : `removed from this node:`,
    ...removed.map((each) => `  ${each}`),
    ...(kept.length === 0 ? [] : ["left, for somebody uses it: take that away and call this again:"]),
    ...kept.map((each) => `  ${each}`),
    `The next pod whose conf has this uplink makes it again: take "uplink" out of the conf first.`,
  ];
  return print(json ? JSON.stringify({ device, removed, kept }) : text.join("\n")) && kept.length === 0
    ? 0
    : 1;
}

function deviceOf(stateDir: string, named: string | undefined): string {
  if (named === undefined) assertReadable(stateDir);
  const known = listUplinks(stateDir);
  const [only, ...others] = known;
  const device = named ?? (others.length === 0 ? only : undefined);
  if (device === undefined) {
    throw new UsageError(
      known.length === 0
        ? "there is no uplink; name its device to look all the same"
        : `which one? ${known.join(", ")}`,
    );
  }
  // What is forgotten is a directory of this name, with all that is in it.
  const fault = interfaceNameFault(device);
  if (fault !== undefined) throw new UsageError(`it takes the name of a device: ${fault}`);
  return device;
}
