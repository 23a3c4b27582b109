/** Brings a network's conf of the node's uplink into force while its pods run: classes and rates change in place. */
import type { UplinkConf } from "../../cni/uplink.ts";
import { uplinkState } from "../../datapath/uplink/state.ts";
import { kernelHasIpv6 } from "../../kernel/linux.ts";
import { readUplinkLink } from "../../kernel/uplink/link.ts";
import type { Log } from "../../log.ts";
import { withFormer } from "../../policy/uplink/former.ts";
import { decideUplink } from "../../policy/uplink/uplink.ts";
import { readStanding } from "../../state/uplinks.ts";
import { readFeatures } from "../features.ts";
import { agreeOnUplink } from "./agree.ts";
import { classesInUse } from "./former.ts";
import { joinNodeUplink } from "./join.ts";

export type NetworkUplink = {
  readonly stateDir: string;
  readonly network: string;
  readonly conf: UplinkConf;
  readonly log: Log;
};

export type Settled = {
  /** In sentences, what was not as it should be. */
  readonly found: readonly string[];
  /** Classes that the conf has no more and that are there until their pods have moved. */
  readonly staying: readonly string[];
};

/**
 * Compares the kernel with the conf and changes what differs, sets of the classes included. Where no pod has ever joined there is
 * nothing yet: the first ADD makes it. Throws where something is in the way, and then leaves the uplink as it is.
 */
export async function settleUplink({ stateDir, network, conf, log }: NetworkUplink): Promise<Settled> {
  const link = readUplinkLink(conf.device);
  const uplink = decideUplink(conf, link);
  if (readStanding(stateDir, uplink.device) === undefined) return { found: [], staying: [] };
  agreeOnUplink(stateDir, network, { conf, uplink, link });
  const { fqCodel } = await readFeatures(stateDir, "keep");
  const staying = classesInUse(stateDir, uplink.device);
  const facts = { mtu: link.mtu, fqCodel, ipv6: kernelHasIpv6() };
  const asItStays = withFormer(uplink, staying);
  const found = await joinNodeUplink({ stateDir, uplink: asItStays, log }, uplinkState(asItStays, facts), {
    members: [],
    nonMembers: [],
  });
  return { found, staying: staying.map(({ name }) => name) };
}
