/** `pod-qos uplink show`, `pod-qos uplink restore [DEVICE]` and `pod-qos uplink remove [DEVICE]`. */
import { nodeFaults } from "../attachment/uplink/faults.ts";
import { restorable } from "../attachment/uplink/restorable.ts";
import { settleUplink } from "../attachment/uplink/settle.ts";
import { takeAwayUplink } from "../attachment/uplink/take-away.ts";
import { interfaceNameFault } from "../cni/call.ts";
import { defaultStateDir } from "../cni/conf.ts";
import { command, type Print } from "../command-line/command.ts";
import type { Values } from "../command-line/option.ts";
import { UsageError } from "../errors.ts";
import { createLog } from "../log.ts";
import { assertReadable } from "../report/node.ts";
import { freshAgent } from "../state/live/agent.ts";
import { listUplinks, readStanding } from "../state/uplinks.ts";
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
  exitCodes: { 0: "it is as its record says", 1: "it is not, or something is in the way" },
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
  const { network, conf } = restorable(stateDir, device);
  const log = createLog({ logFile: undefined, logLevel: "info" });
  const { found } = await settleUplink({ stateDir, network, conf, log });
  // Not all that differs is changed: an agent has it, it could not be, or many pods' sets were compared a moment ago.
  const left = await faultsOf(stateDir, device);
  const text = [
    ...(found.length === 0 ? [] : [left.length === 0 ? "restored:" : "found:", ...indented(found)]),
    ...(left.length === 0 ? [] : [`${device} is not as its record says:`, ...indented(left), hint(stateDir)]),
  ];
  const said = text.length === 0 ? `${device} is as its record says` : text.join("\n");
  return print(json ? JSON.stringify({ device, found, left }) : said) && left.length === 0 ? 0 : 1;
}

async function faultsOf(stateDir: string, device: string): Promise<readonly string[]> {
  const standing = readStanding(stateDir, device);
  return standing === undefined ? [] : (await nodeFaults(stateDir, standing)).faults;
}

function hint(stateDir: string): string {
  const agent = freshAgent(stateDir);
  return agent === undefined
    ? "Call this again in ten seconds."
    : `The agent (process ${agent.pid}) changes it, and this command leaves it to the agent: look again in a few seconds.`;
}

const indented = (lines: readonly string[]): readonly string[] => lines.map((line) => `  ${line}`);

async function remove(
  { json, "state-dir": stateDir = defaultStateDir }: Values<typeof common>,
  named: string | undefined,
  print: Print,
): Promise<number> {
  const device = deviceOf(stateDir, named);
  const { removed, kept } = await takeAwayUplink(stateDir, device);
  const text = [
    removed.length === 0 ? `nothing of ours was on ${device}` : `removed from this node:`,
    ...indented(removed),
    ...(kept.length === 0 ? [] : ["left, for somebody uses it: take that away and call this again:"]),
    ...indented(kept),
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
