/** Loaded before the plugin's sources: puts the mutant into the one file that it is about. A text that is not there any more ends it. */
import { registerHooks } from "node:module";
import type { Mutant } from "./mutants.ts";

// Where the sources run as they are, no build has put it in.
Object.assign(globalThis, { __VERSION__: "mutant" });

const mutant = JSON.parse(process.env["POD_QOS_MUTANT"] ?? "") as Mutant;

registerHooks({
  load: (url, context, nextLoad) => {
    const loaded = nextLoad(url, context);
    if (!url.endsWith(`/plugin/${mutant.file}`)) return loaded;
    const parts = String(loaded.source).split(mutant.from);
    if (parts.length !== 2)
      throw new Error(
        `${mutant.file} has ${parts.length - 1} times: ${mutant.from}: mend test/lab/agent/mutants.ts`,
      );
    return { ...loaded, source: parts.join(mutant.to) };
  },
});
