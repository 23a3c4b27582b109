/** The policy directories in use: told where a file in one is another, and whether objects there select networks by label. */
import { selectsNetworks } from "../state/policies.ts";
import type { Loop } from "./context.ts";
import { policyWatch } from "./node/watch.ts";

/** `read`: after each that has been read. What comes back takes the directories of today. */
export function followPolicyDirs(
  { options, signal, tell, world, setWorld }: Loop,
  read: () => void,
  failed: (error: unknown) => void,
): (directories: ReadonlySet<string>) => void {
  const begun = new Set<string>();
  const readOne = async (policyDir: string): Promise<void> => {
    begun.add(policyDir);
    // Nobody else is asked for networks.
    if (!options.api) return;
    const place = { policyDir, stateDir: options.stateDir };
    const before = world().files.get(policyDir) ?? false;
    // What is wrong there is said for each pod that it is about.
    const selects = await selectsNetworks(place).catch(() => before);
    setWorld({ ...world(), files: new Map([...world().files, [policyDir, selects]]) });
    read();
  };
  const changed = (directory: string): void => {
    void readOne(directory);
    tell({ kind: "policies", directory });
  };
  const watchThem = policyWatch(signal, changed, failed);
  return (directories) => {
    for (const directory of [...directories].filter((each) => !begun.has(each))) void readOne(directory);
    watchThem(directories);
  };
}
