/** STATUS: could the next ADD succeed? */
import { parseConf } from "../cni/conf.ts";
import { networkName } from "../cni/request.ts";
import { nodeChecks } from "../report/node-checks.ts";
import type { Command } from "./context.ts";

export const status: Command = async ({ document }) => {
  const conf = parseConf(document, networkName(document));
  for (const { check } of nodeChecks) await check(conf);
  return undefined;
};
