/** STATUS: could the next ADD succeed? */
import { parseConf } from "../cni/conf.ts";
import { networkName } from "../cni/request.ts";
import { assertServes } from "../report/status-checks.ts";
import type { Command } from "./context.ts";

export const status: Command = async ({ document }) => {
  await assertServes(parseConf(document, networkName(document)));
  return undefined;
};
