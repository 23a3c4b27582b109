/** `run.ts FOLDER`: the node that `./scripts/cluster up --node` leaves behind. Ends with its VM, and its VM with it. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { runVmNode } from "./vm-node.ts";

const [folder = ""] = process.argv.slice(2);
// Whoever removes the folder removes this too.
const temporary = join(folder, "tmp");
mkdirSync(temporary, { recursive: true });
process.env["TMPDIR"] = temporary;
await runVmNode(folder, new AbortController().signal);
