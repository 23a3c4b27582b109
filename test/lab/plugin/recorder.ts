import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import type { LabNode } from "../node/node.ts";
import { NODE_CNI_BIN, pluginPath } from "../node/paths.ts";

/** What the plugin was given and answered in the last ADD of a chain, and how the kernel looked around it. */
export interface Recording {
  readonly stdin: string;
  readonly stdout: string;
  readonly kernelBefore: string;
  readonly kernelAfter: string;
}

/** Puts a script in the plugin's place that keeps a record of each ADD; call it before the first chain on the node. */
export const recordPlugin = (node: LabNode): (() => Recording) => {
  const path = node.path(`${NODE_CNI_BIN}/pod-qos`);
  writeFileSync(path, script(pluginPath()));
  chmodSync(path, 0o755);
  const read = (name: string): string => readFileSync(node.path(`/run/record.${name}`), "utf8");
  return () => ({
    stdin: read("stdin"),
    stdout: read("stdout"),
    kernelBefore: read("before"),
    kernelAfter: read("after"),
  });
};

const script = (plugin: string): string => `#!/bin/sh
[ "$CNI_COMMAND" = ADD ] || exec '${plugin}'
look() {
  for enter in "" "nsenter --net=$CNI_NETNS"; do
    $enter ip -o link show | awk '{ print $2 }'
    $enter tc -d qdisc show
    for family in ip ip6; do $enter "\${family}tables-save" | grep -v '^#'; done
  done
}
cat >/run/record.stdin
look >/run/record.before
'${plugin}' </run/record.stdin >/run/record.stdout
code=$?
look >/run/record.after
cat /run/record.stdout
exit $code
`;
