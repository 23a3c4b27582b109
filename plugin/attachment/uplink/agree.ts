/** Keeps what this network's conf says of the node's uplink, and decides whose conf is in force. */
import { agreement, contradiction, type Declaration } from "../../policy/uplink/agree.ts";
import type { UplinkChoice } from "../../policy/uplink/choose.ts";
import { formerClasses } from "../../policy/uplink/former.ts";
import {
  isFresh,
  keepFirst,
  keepStanding,
  keepDeclaration,
  readStanding,
  readStandingDeclaration,
  readDeclarations,
} from "../../state/uplinks.ts";
import { hasMembers } from "./members.ts";
import { readLiveClaims } from "./node.ts";

/**
 * Writes down this network's conf of the uplink, and refuses it where it contradicts another network that still counts. It stays
 * written also when it is refused: once all networks say the same, it is in force.
 */
export function agreeOnUplink(
  stateDir: string,
  network: string,
  { conf, uplink, link }: Pick<UplinkChoice, "conf" | "uplink" | "link">,
): void {
  const mine: Declaration = { network, conf, uplink };
  // Ours first: of two that write at once, at least one reads the other's.
  keepDeclaration(stateDir, mine);
  const others = readDeclarations(stateDir, uplink.device).filter(
    (declaration) => declaration.network !== network,
  );
  const standing = readStandingDeclaration(stateDir, uplink.device) ?? keepFirst(stateDir, mine);
  const agreed = agreement(mine, standing, others, link);
  if (agreed.kind === "stands") return;
  const heard = firstHeard(stateDir, agreed.contrary);
  if (heard !== undefined) throw contradiction(mine, heard);
  const former = formerClasses(readStanding(stateDir, uplink.device), uplink);
  keepStanding(stateDir, { ...mine, ...(former.length > 0 && { former }) });
}

/** A network counts while it has pods on the uplink, and for a minute after it wrote: a pod's record comes a little later. */
function firstHeard(stateDir: string, contrary: readonly Declaration[]): Declaration | undefined {
  if (contrary.length === 0) return undefined;
  const claims = readLiveClaims(stateDir);
  return contrary.find(
    ({ network, uplink: { device } }) =>
      isFresh(stateDir, device, network) || hasMembers(claims, network, device),
  );
}
