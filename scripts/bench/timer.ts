/**
 * Times calls one after the other, in one bash inside the node's namespaces. A large process is slow to fork from and its
 * garbage collector runs when it likes: from Node a spawn of /bin/true takes 1.2 to 3 ms, from bash always 0.8.
 */
import { mkdir, writeFile } from "node:fs/promises";
import type { LabNode } from "../../test/lab/node/node.ts";
import { LabError } from "../../test/lab/node/process.ts";

export type TimedCall = {
  /** Under which its samples are collected. */
  readonly id: string;
  readonly program: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
  /** A shell line, untimed, that may fail. */
  readonly afterwards?: string;
};

/** Milliseconds; `cpu` is user and system time of the process and all it waited for. */
export type Times = { readonly wall: readonly number[]; readonly cpu: readonly number[] };

/** Every call once per round. What the first rounds read from disk and compile is not in the figures. */
export async function time(
  node: LabNode,
  calls: readonly TimedCall[],
  runs: number,
): Promise<ReadonlyMap<string, Times>> {
  await mkdir(node.path(FOLDER), { recursive: true });
  await Promise.all(calls.map(({ stdin }, at) => writeFile(node.path(inputFile(at)), stdin)));
  const script = scriptOf(calls, runs);
  const timeoutMs = (runs + WARM_UP) * calls.length * SLOWEST_MS;
  // Ahead of everything else on the machine, for what others do meanwhile is not what is measured. Where the kernel groups
  // processes by session a nice value counts within the group only: so a session of its own, which HEAD makes nice.
  const done = await node.exec("nice", ["-n", "-20", "setsid", "--wait", "bash", "-s"], {
    input: script,
    timeoutMs,
    reject: false,
  });
  if (done.exitCode !== 0) throw new LabError({ ...done, command: "the timed calls" });
  return collected(done.stdout);
}

const FOLDER = "/run/bench";
const WARM_UP = 2;
const SLOWEST_MS = 5_000;

/** A runtime's, not that of whoever runs npm, whose many directories the plugin would search first. */
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Files for stdin and output: a pipe would need a second process to feed it. */
const HEAD = `
export LC_ALL=C PATH=${PATH}
TIMEFORMAT='%3U %3S'
[ ! -w /proc/self/autogroup ] || echo -20 >/proc/self/autogroup
call() {
  local id=$1 stdin=$2 program=$3 from to
  shift 3
  unset CNI_COMMAND CNI_CONTAINERID CNI_NETNS CNI_IFNAME CNI_PATH CNI_ARGS
  export "$@"
  from=\${EPOCHREALTIME/./}
  { time "$program" <"$stdin" >${FOLDER}/out 2>${FOLDER}/err; } 2>${FOLDER}/times || failed
  to=\${EPOCHREALTIME/./}
  [ "$round" -lt ${WARM_UP} ] || echo "$id $((to - from)) $(<${FOLDER}/times)"
}
failed() {
  { echo "$program $CNI_COMMAND $CNI_CONTAINERID:"; cat ${FOLDER}/out ${FOLDER}/err; } >&2
  exit 1
}
`;

function scriptOf(calls: readonly TimedCall[], runs: number): string {
  const lines = calls.map(({ id, program, env, afterwards }, at) => {
    const assignments = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const line = `call ${[id, inputFile(at), program, ...assignments].map(quoted).join(" ")}`;
    return afterwards === undefined ? line : `${line}\n{ ${afterwards}; } >${FOLDER}/out 2>&1`;
  });
  return `${HEAD}for ((round = 0; round < ${runs + WARM_UP}; round++)); do\n${lines.join("\n")}\ndone\n`;
}

function inputFile(at: number): string {
  return `${FOLDER}/${at}.json`;
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Lines of "id microseconds user-seconds system-seconds"; an id has no blanks. */
function collected(output: string): ReadonlyMap<string, Times> {
  const times = new Map<string, { readonly wall: number[]; readonly cpu: number[] }>();
  for (const line of output.trim().split("\n")) {
    const [id = "", wall, user, system] = line.split(" ");
    const sum = times.get(id) ?? { wall: [], cpu: [] };
    sum.wall.push(Number(wall) / 1000);
    sum.cpu.push((Number(user) + Number(system)) * 1000);
    times.set(id, sum);
  }
  return times;
}
