/** `pod-qos uplink show` and `pod-qos uplink remove [DEVICE]`. Exit codes as of show; 1 also if something could not go. */
import { interfaceNameFault } from "../cni/call.ts";
import { uplinkSets } from "../datapath/uplink/sets.ts";
import { CniError, messageOf } from "../errors.ts";
import { removeUplink } from "../kernel/uplink/remove.ts";
import { withFormer } from "../policy/uplink/former.ts";
import { forgetUplink, listUplinks, readStanding } from "../state/uplinks.ts";
import { showUplinks } from "./show.ts";
import { readOptions, type Options } from "./show/options.ts";

type Print = (text: string) => boolean;

export async function uplink(args: readonly string[], print: Print): Promise<number> {
  const [verb, ...rest] = args;
  const options = readOptions(rest);
  if (typeof options === "string") return usage(options, print);
  try {
    switch (verb) {
      case "show":
        return options.pod === undefined
          ? await showUplinks(options, print)
          : usage("uplink show takes no name: it shows every uplink", print);
      case "remove":
        return await remove(options, print);
      default:
        return usage("there are uplink show and uplink remove [DEVICE]", print);
    }
  } catch (error) {
    const details = error instanceof CniError && error.details !== "" ? `\n${error.details}` : "";
    print(`pod-qos uplink: ${messageOf(error)}${details}`);
    return 1;
  }
}

async function remove({ stateDir, pod: named, json }: Options, print: Print): Promise<number> {
  const known = listUplinks(stateDir);
  const [only, ...others] = known;
  const device = named ?? (others.length === 0 ? only : undefined);
  if (device === undefined) {
    return usage(
      known.length === 0
        ? "there is no uplink; name its device to look all the same"
        : `which one? ${known.join(", ")}`,
      print,
    );
  }
  // What is forgotten is a directory of this name, with all that is in it.
  const fault = interfaceNameFault(device);
  if (fault !== undefined) return usage(`uplink remove takes the name of a device: ${fault}`, print);
  const standing = readStanding(stateDir, device);
  const sets = standing === undefined ? [] : setsOf(standing);
  const { removed, kept } = await removeUplink(device, sets);
  // What stays is to be found again when somebody has made room.
  if (kept.length === 0) forgetUplink(stateDir, device);
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

/** Also of classes that the conf has no more: pods may be in them yet. */
function setsOf({
  uplink: stands,
  former = [],
}: NonNullable<ReturnType<typeof readStanding>>): readonly string[] {
  return uplinkSets(withFormer(stands, former), true).map(({ name }) => name);
}

function usage(text: string, print: Print): number {
  print(`pod-qos uplink: ${text}`);
  return 2;
}
