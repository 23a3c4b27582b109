/** VERSION: what this plugin speaks. Must not depend on stdin, which runtimes may leave empty. */
import { supportedVersions } from "../cni/versions.ts";

export function versionReply(asked: unknown): string {
  const cniVersion = typeof asked === "string" && asked !== "" ? asked : supportedVersions.at(-1);
  return JSON.stringify({ cniVersion, supportedVersions });
}
