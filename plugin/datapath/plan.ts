/** From requests and facts to the whole desired kernel state of one attachment. Pure. */
import { CniError, ErrorCode } from "../errors.ts";
import { merge, type Program } from "../program/program.ts";
import { withoutRepeats } from "../program/traits.ts";
import type { Driver, Task } from "./driver.ts";
import { hostVeth } from "./host-veth.ts";
import { withClass } from "./uplink/class-rules.ts";
import { podClass } from "./uplink/pod-class.ts";
import { podNetns } from "./pod-netns.ts";

const limits: readonly Driver[] = [hostVeth, podNetns];

export function plan(task: Task): readonly Program[] {
  const placed = withEnforcement(withClass(task));
  return merge([...limits.flatMap((driver) => driver(placed)), ...podClass(task)]).map(withoutRepeats);
}

/** `enforce` decides whether the host end counts for caps and rules: `pod` never uses it, `host` insists on it. */
function withEnforcement(task: Task): Task {
  const { policy, facts } = task;
  if (policy.enforce === "pod") {
    return { ...task, facts: { ...facts, hostEnd: undefined, hostEndRefusal: '"enforce" is "pod"' } };
  }
  const caps = policy.ingress !== undefined || policy.egress !== undefined;
  if (policy.enforce === "host" && caps && facts.hostEnd === undefined) {
    throw new CniError(
      ErrorCode.missingFeature,
      `"enforce": "host" asks for caps on the node's end of ${task.identity.ifname}, but ${facts.hostEndRefusal}; ` +
        `"enforce": "auto" would put them into the pod`,
    );
  }
  return task;
}
