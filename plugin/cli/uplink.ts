/** `pod-qos uplink show` and `pod-qos uplink remove [DEVICE]`. */
import { takeAwayUplink } from "../attachment/uplink/take-away.ts";
import { interfaceNameFault } from "../cni/call.ts";
import { defaultStateDir } from "../cni/conf.ts";
import { command, type Print } from "../command-line/command.ts";
import type { Values } from "../command-line/option.ts";
import { UsageError } from "../errors.ts";
import { assertReadable } from "../report/node.ts";
import { listUplinks } from "../state/uplinks.ts";
import { showUplinks } from "./show.ts";
import { common, optionsFrom, table } from "./show/options.ts";

export const uplinkShow = command({
  about: 'RATE is guaranteed, CEIL the ceiling, "|" in a bar the guarantee.',
  options: table,
  exitCodes: { 0: "the uplinks are well", 1: "something is not as it should be" },
  run: ({ options }, print) => showUplinks(optionsFrom(options), print),
});

export const uplinkRemove = command({
  operand: "DEVICE",
  about: `Needs no DEVICE where there is one uplink. What somebody else uses stays and is
listed.`,
  options: common,
  exitCodes: { 0: "nothing of ours is left", 1: "something could not go" },
  run: ({ options, operand }, print) => remove(options, operand, print),
});

async function remove(
  { json, "state-dir": stateDir = defaultStateDir }: Values<typeof common>,
  named: string | undefined,
  print: Print,
): Promise<number> {
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
