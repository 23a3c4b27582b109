/** A pod that requests nothing has a record too, so that the agent can decide it again. Without one it runs as well. */
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import { writeRecord } from "../state/record-file.ts";
import { recordOf, type Recorded } from "./recording.ts";

export type BareTask = Recorded & { readonly stateDir: string; readonly log: Log };

export function makeBare(task: BareTask): void {
  const record = recordOf(task, undefined, []);
  try {
    writeRecord(task.stateDir, record);
  } catch (error) {
    const what = `ADD ${record.pod} ${record.identity.ifname}: it requests nothing, and its record could not be written`;
    task.log("warn", `${what}: ${messageOf(error)}`);
  }
}
