/** Whether an uplink can be made as its record says. */
import { CniError, ErrorCode } from "../../errors.ts";
import { readUplinkLink } from "../../kernel/uplink/link.ts";
import type { Declaration } from "../../policy/uplink/agree.ts";
import { readStandingDeclaration } from "../../state/uplinks.ts";

/** What stands, to be restored. Throws where a former version wrote it, its link is gone, or "auto" is another link by now. */
export function restorable(stateDir: string, device: string): Declaration {
  const standing = readStandingDeclaration(stateDir, device);
  if (standing === undefined) {
    throw new CniError(
      ErrorCode.notAvailable,
      `${stateDir} has no uplink ${device} of this version: the next pod whose conf has it makes it`,
    );
  }
  const link = readUplinkLink(standing.conf.device);
  if (link.device === device) return standing;
  throw new CniError(
    ErrorCode.notAvailable,
    `the conf of network "${standing.network}" says device "auto", and the default route leaves by ${link.device} now, not by ${device}`,
    `"pod-qos uplink remove ${device}" takes away what is on ${device}`,
  );
}
