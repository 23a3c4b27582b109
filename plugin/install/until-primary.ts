/** `install --wait`: on a node whose network comes later, as in a DaemonSet on a new node. */
import type { Print } from "../command-line/command.ts";
import { onNode } from "../runtime/paths.ts";
import { findPlaces } from "../runtime/places.ts";
import { isDirectory } from "../runtime/platforms.ts";
import { planChain } from "./chain/plan.ts";
import type { Plan } from "./chain/model.ts";
import { lookAt } from "./node/look.ts";
import { inTurn } from "./node/turn.ts";
import { stageChanges } from "./node/write.ts";
import type { Where } from "./options.ts";

const everyMs = 500;

/** A conflist of ours whose primary is gone goes meanwhile: it would hide the next one. */
export async function untilPrimary({ root, network, ...given }: Where, print: Print): Promise<void> {
  let told = "";
  for (;;) {
    const { confDir } = findPlaces(root, given);
    const look = (): Plan =>
      planChain(lookAt(root, confDir, undefined), { way: "own", network, entry: undefined });
    const plan = isDirectory(root, confDir) ? look() : undefined;
    if (plan !== undefined && !plan.isAlone) return;
    if (plan !== undefined && plan.changes.length > 0) {
      await inTurn(root, () => {
        const now = look();
        if (now.isAlone) stageChanges(root, confDir, now.changes).commit();
      });
    }
    const why = plan?.refusal ?? `${onNode(root, confDir)} is not there yet`;
    if (why !== told) print(`waiting for a primary plugin: ${why}`);
    told = why;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
