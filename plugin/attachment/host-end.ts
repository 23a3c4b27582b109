/** The node's end of a pod's veth. Another link may have its name by now: names are reused, numbers are not. */
import { CniError, ErrorCode } from "../errors.ts";
import type { Request } from "../cni/request.ts";
import type { Facts } from "../datapath/driver.ts";
import { listNodeLinks, nodeHasLink, readNodeLink } from "../kernel/linux.ts";
import type { Policy } from "../policy/policy.ts";
import type { Program } from "../program/program.ts";
import { withTraits } from "../program/traits.ts";
import type { AttachmentRecord } from "../state/record.ts";

/** The name that another link has now; undefined where it is ours still, or nobody's. */
export function takenEnd({ facts }: Pick<AttachmentRecord, "facts">): string | undefined {
  const end = facts?.hostEnd;
  const now = end && readNodeLink(end.name);
  return now === undefined || now.ifindex === end?.ifindex ? undefined : now.name;
}

/** The name that it has now, where it was renamed; undefined where it has its own, or is gone. */
export function renamedEnd({ facts }: Pick<AttachmentRecord, "facts">): string | undefined {
  const end = facts?.hostEnd;
  if (end === undefined || nodeHasLink(end.name)) return undefined;
  return listNodeLinks().find((name) => readNodeLink(name)?.ifindex === end.ifindex);
}

/**
 * Of a veth whose caps are in the pod because no link of the node that prevResult names is there. With `nsenter --net` alone, as
 * rootless runtimes call, /sys is that of another network namespace and shows none of them.
 */
export function unseenEnd({ policy, request }: Asking, facts: Facts | undefined): string | undefined {
  const hasCaps = policy.ingress !== undefined || policy.egress !== undefined;
  if (!hasCaps || policy.enforce !== "auto" || facts?.podLink.kind !== "veth" || facts.hostEnd !== undefined)
    return undefined;
  const names = request.interfaces.filter(({ sandbox }) => sandbox === "").map(({ name }) => name);
  if (names.length === 0 || names.some(nodeHasLink)) return undefined;
  return (
    `its caps are in the pod, where it can undo them: prevResult names ${names.join(", ")} on the node, and /sys/class/net has no ` +
    `such link; is /sys that of the node's network namespace? ("nsenter --net" alone does not bring it: mount sysfs there)`
  );
}

type Asking = { readonly policy: Policy; readonly request: Pick<Request, "interfaces"> };

/** Where another link has its name, what was on ours went with it. */
export function withoutTakenEnd(record: AttachmentRecord): AttachmentRecord {
  const taken = takenEnd(record);
  if (taken === undefined) return record;
  return { ...record, programs: withoutEnd(record) };
}

/** The programs but for what is on it. */
export function withoutEnd({ facts, programs }: AttachmentRecord): readonly Program[] {
  return programs
    .map((program) => withoutDevice(program, facts?.hostEnd?.name))
    .filter(({ objects }) => objects.length > 0);
}

/** Of a program on the node; one in the pod has its own devices. */
export function withoutDevice(program: Program, name: string | undefined): Program {
  if (program.place === "pod") return program;
  return withTraits(program, ({ device }) => device === undefined || device !== name);
}

export function endIsTaken({ pod, identity }: AttachmentRecord, name: string): CniError {
  return new CniError(
    ErrorCode.foreignObject,
    `${pod} ${identity.ifname}: link ${name} is another one than the host end that it was added with`,
    "restart the pod, or call ADD again for it: what stands on that link is not touched",
  );
}
