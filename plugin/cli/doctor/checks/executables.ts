/** Whether the executables that the chain names are where the runtime looks for them. */
import { isOurs } from "../../../cni/chain-file.ts";
import { chainOf } from "../chain.ts";
import { error, warning, type Check, type Finding } from "../check.ts";
import type { Facts } from "../facts.ts";
import { packages, quoted } from "../shell.ts";
import { ours } from "./entry.ts";

export const executableChecks: readonly Check[] = [
  { id: "chain-executable", wants: "the executable is in the bin directory, and starts", find: ofExecutable },
  { id: "chain-plugins", wants: "the chain's other plugins are in the bin directory", find: ofPlugins },
];

function ofExecutable({ chain: facts }: Facts): Finding | undefined {
  const { binDir, executables, version, own } = facts;
  const path = `${binDir}/pod-qos`;
  if (executables.includes("pod-qos") && version !== undefined) return undefined;
  const says = executables.includes("pod-qos") ? "does not start" : "is not there, or may not be executed";
  const finding = ours(facts) === undefined ? warning : error;
  const staged = quoted(`${binDir}/.pod-qos/pod-qos`);
  return finding(
    `${path} ${says}`,
    `install -D -m 0755 ${quoted(own.path)} ${staged} && mv -f ${staged} ${quoted(path)} && rmdir ${quoted(`${binDir}/.pod-qos`)}`,
  );
}

/** Of the package that every distribution has; others their own agents bring. */
const reference: readonly unknown[] =
  "bridge ptp ipvlan macvlan host-device host-local dhcp static loopback portmap tuning firewall sbr vlan vrf bandwidth".split(
    " ",
  );

function ofPlugins(facts: Facts): Finding | undefined {
  const { executables, binDir } = facts.chain;
  const chain = chainOf(facts.chain);
  if (typeof chain !== "object") return undefined;
  const types = chain.plugins.filter((plugin) => !isOurs(plugin)).map(({ type }) => String(type));
  const missing = [...new Set(types)].filter((type) => !executables.includes(type));
  if (missing.length === 0) return undefined;
  const isPackaged = missing.every((type) => reference.includes(type));
  const copy = missing.map((type) => quoted(`/usr/lib/cni/${type}`)).join(" ");
  const install = isPackaged ? packages(facts, "containernetworking-plugins") : undefined;
  return error(
    `${binDir} lacks ${missing.join(", ")} of ${chain.file}: no pod starts. Is it the runtime's own directory (--bin-dir)?`,
    install && `${install} && cp ${copy} ${quoted(binDir)}`,
  );
}
