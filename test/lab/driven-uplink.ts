/** A process on the lab node that makes an uplink what it is told to, and says what went wrong. */
import { readFileSync, writeSync } from "node:fs";
import { messageOf } from "../../plugin/errors.ts";
import { ensureUplink } from "../../plugin/kernel/uplink/ensure.ts";
import type { UplinkState } from "../../plugin/program/uplink/objects.ts";

const state = JSON.parse(readFileSync(0, "utf8")) as UplinkState;
try {
  await ensureUplink(state, { members: [], strangers: [] }, () => []);
} catch (error) {
  writeSync(1, messageOf(error));
}
