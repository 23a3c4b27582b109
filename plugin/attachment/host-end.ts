/** The node's end of a pod's veth. Another link may have its name by now: names are reused, numbers are not. */
import { CniError, ErrorCode } from "../errors.ts";
import { readNodeLink } from "../kernel/linux.ts";
import type { Program } from "../program/program.ts";
import { withTraits } from "../program/traits.ts";
import type { AttachmentRecord } from "../state/record.ts";

/** The name that another link has now; undefined where it is ours still, or nobody's. */
export function takenEnd({ facts }: Pick<AttachmentRecord, "facts">): string | undefined {
  const end = facts?.hostEnd;
  const now = end && readNodeLink(end.name);
  return now === undefined || now.ifindex === end?.ifindex ? undefined : now.name;
}

/** Where another link has its name, what was on ours went with it. */
export function withoutTakenEnd(record: AttachmentRecord): AttachmentRecord {
  const taken = takenEnd(record);
  if (taken === undefined) return record;
  const programs = record.programs.map((program) => withoutDevice(program, taken));
  return { ...record, programs: programs.filter(({ objects }) => objects.length > 0) };
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
