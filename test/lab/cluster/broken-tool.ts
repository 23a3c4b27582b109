/** iptables of a lab node that fails from now on, for an agent that cannot change its pods. */
import type { LabNode } from "../node/node.ts";

export const breakIptables = async (node: LabNode): Promise<void> =>
  void (await node.exec("sh", ["-ec", BREAK]));
export const mendIptables = async (node: LabNode): Promise<void> =>
  void (await node.exec("sh", ["-ec", MEND]));

/** Over what it is in this node. */
const BREAK = `
tool=$(readlink -f "$(command -v iptables)")
printf '#!/bin/sh\\necho broken on purpose >&2\\nexit 4\\n' >/run/broken-tool
chmod +x /run/broken-tool
mount --bind /run/broken-tool "$tool"`;
const MEND = 'umount "$(readlink -f "$(command -v iptables)")"';
