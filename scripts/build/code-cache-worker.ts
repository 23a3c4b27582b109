/** Started by code-cache.ts in the Node that is embedded, as `code-cache-worker.ts make|finish [<script> <cache>]...`. */
import { readFileSync, writeFileSync } from "node:fs";
import { Script } from "node:vm";

/** Where V8's SerializedCodeData has its flags: after magic number, version and source, four bytes each. */
const FLAGS = 12;

const [, , task = "", ...paths] = process.argv;
const work = { make, finish }[task];
if (work === undefined) throw new Error(`no such task: ${task}`);
for (let at = 0; at < paths.length; at += 2) work(paths[at] ?? "", paths[at + 1] ?? "");

function make(script: string, cache: string): void {
  writeFileSync(cache, new Script(readFileSync(script, "latin1")).createCachedData());
}

/** The flag field as this process, which has no flags, would have written it. */
function finish(script: string, cache: string): void {
  const text = readFileSync(script, "latin1");
  const cachedData = readFileSync(cache);
  new Script(text).createCachedData().copy(cachedData, FLAGS, FLAGS, FLAGS + 4);
  if (new Script(text, { cachedData }).cachedDataRejected !== false) {
    throw new Error(`V8 ${process.versions.v8} takes no cache of ${script}: has its header another layout?`);
  }
  writeFileSync(cache, cachedData);
}
