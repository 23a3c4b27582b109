/** What DEL does for one attachment and GC for each stale one. */
import { CniError, ErrorCode } from "../errors.ts";
import { ifbName, type Identity } from "../datapath/names.ts";
import { netnsExists } from "../kernel/netns.ts";
import { nodeHasLink, readNodeLink } from "../kernel/linux.ts";
import { remove } from "../kernel/remove.ts";
import type { Program } from "../program/program.ts";
import type { AttachmentRecord } from "../state/record.ts";
import { deleteRecord } from "../state/store.ts";

export type Doomed = {
  readonly stateDir: string;
  readonly identity: Identity;
  readonly record: AttachmentRecord | undefined;
  /** Where the pod's namespace is now; empty when the runtime says it is gone. */
  readonly netns: string;
};

/** The record goes last: until everything is gone it is what the next try works from. */
export async function tearDown({ stateDir, identity, record, netns }: Doomed): Promise<void> {
  const programs = [...(record === undefined ? [] : reachable(record, netns)), ...strayIfb(identity, record)];
  const errors = programs.length === 0 ? [] : await remove(programs, netns);
  if (errors.length > 0) throw together(errors);
  deleteRecord(stateDir, identity);
}

/** Names are reused: a host end with another ifindex than ours had is another pod's. */
function reachable({ facts, programs }: AttachmentRecord, netns: string): readonly Program[] {
  const podIsThere = netnsExists(netns);
  const hostEnd = facts?.hostEnd;
  const hostEndIsOurs = hostEnd !== undefined && readNodeLink(hostEnd.name)?.ifindex === hostEnd.ifindex;
  return programs.flatMap((program): readonly Program[] => {
    if (program.place === "pod") return podIsThere ? [program] : [];
    if (program.tool !== "tc" || hostEndIsOurs) return [program];
    return [{ ...program, objects: program.objects.filter(({ dev }) => dev !== hostEnd?.name) }];
  });
}

/** Without a record the ifb still tells by its name whose it is. */
function strayIfb(identity: Identity, record: AttachmentRecord | undefined): readonly Program[] {
  const name = ifbName(identity);
  const recorded = record?.programs.some(({ tool, place }) => tool === "link" && place === "node") ?? false;
  if (recorded || !nodeHasLink(name)) return [];
  return [{ tool: "link", place: "node", objects: [{ kind: "ifb", name, mtu: 0, alias: "" }] }];
}

function together(errors: readonly CniError[]): CniError {
  const [first] = errors;
  return new CniError(
    first?.code ?? ErrorCode.kernelRefused,
    errors.map(({ message }) => message).join("; "),
    errors.map(({ details }) => details).join("\n"),
  );
}
