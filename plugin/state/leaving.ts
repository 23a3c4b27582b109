/** That an uninstall has begun and has not ended: it waits for pods whose chain the runtime has kept. Below /run, as the locks of it. */
import { existsSync } from "node:fs";

/** The state directories that are to go. */
export const leavingFile = "/run/pod-qos-install/leaving";

export const isLeaving = (): boolean => existsSync(leavingFile);
