/** A process on the lab node that decides an attachment anew, as the agent does, and says what came of it. */
import { readFileSync, writeSync } from "node:fs";
import { reapply } from "../../../plugin/attachment/reapply.ts";
import { messageOf } from "../../../plugin/errors.ts";
import { readRecord } from "../../../plugin/state/store.ts";
import type { Reapplication } from "./reapply.ts";

const stateDir = "/run/pod-qos";
const { identity, conf } = JSON.parse(readFileSync(0, "utf8")) as Reapplication;
const record = readRecord(stateDir, identity);
if (record === undefined) throw new Error("no record");

/** exec.ts takes its spawn from here each time. */
const children = process.getBuiltinModule("node:child_process");
const { spawn } = children;
let started = 0;
const counting = (...args: Parameters<typeof spawn>) => {
  started += 1;
  return spawn(...args);
};
Object.assign(children, { spawn: counting });

const outcome = await reapply({ stateDir, record, conf, knowledge: undefined, log: () => undefined });
writeSync(
  1,
  JSON.stringify({
    kind: outcome.kind,
    message: "error" in outcome ? messageOf(outcome.error) : "",
    started,
  }),
);
