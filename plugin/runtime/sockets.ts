/** Where the runtime listens, and which service of the node it is. */
import { existsSync } from "node:fs";
import { onNode, textOnNode } from "./paths.ts";
import { platformOf, platforms } from "./platforms.ts";

/** Those that are there: first the one that crictl is configured for, then the platform's. */
export function findSockets(root: string): readonly string[] {
  const config = textOnNode(root, "/etc/crictl.yaml");
  const [, configured = ""] = /^runtime-endpoint:[ \t]*["']?unix:\/\/(\/[^\s"']+)/m.exec(config) ?? [];
  const known = [platformOf(root), ...platforms].map(({ socket }) => socket);
  return [...new Set([configured, ...known])].filter((path) => path !== "" && existsSync(onNode(root, path)));
}

/** The runtime's unit of systemd; undefined where the node has none. */
export function findService(root: string): string | undefined {
  const folders = ["/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];
  return platformOf(root).services.find((service) =>
    folders.some((folder) => existsSync(onNode(root, `${folder}/${service}.service`))),
  );
}
