/** What this network says of its node's uplink, and whether that is true by now. */
import { agreement, contradiction, type Said } from "../../policy/uplink/agree.ts";
import type { UplinkChoice } from "../../policy/uplink/choose.ts";
import {
  isFresh,
  keepFirst,
  keepStanding,
  keepWord,
  readStandingSaid,
  readWords,
} from "../../state/uplinks.ts";
import { hasMembers } from "./members.ts";
import { readLiveClaims } from "./node.ts";

/**
 * Says it, and refuses what contradicts another network that is still heard. The word stays also when it is refused: once
 * the last network has said the same, it is true.
 */
export function agreeOnUplink(
  stateDir: string,
  network: string,
  { conf, uplink, link }: Pick<UplinkChoice, "conf" | "uplink" | "link">,
): void {
  const mine: Said = { network, conf, uplink };
  // Mine first: of two that speak at once, one at least has heard the other.
  keepWord(stateDir, mine);
  const others = readWords(stateDir, uplink.device).filter((said) => said.network !== network);
  const standing = readStandingSaid(stateDir, uplink.device) ?? keepFirst(stateDir, mine);
  const agreed = agreement(mine, standing, others, link);
  if (agreed.kind === "stands") return;
  const heard = firstHeard(stateDir, agreed.contrary);
  if (heard !== undefined) throw contradiction(mine, heard);
  keepStanding(stateDir, mine);
}

/** A network counts while it has pods on the uplink, and for a minute after its word: a pod's record comes a little later. */
function firstHeard(stateDir: string, contrary: readonly Said[]): Said | undefined {
  if (contrary.length === 0) return undefined;
  const claims = readLiveClaims(stateDir);
  return contrary.find(
    ({ network, uplink: { device } }) =>
      isFresh(stateDir, device, network) || hasMembers(claims, network, device),
  );
}
