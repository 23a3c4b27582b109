import { execa } from "execa";

/** How to run one command in a lab namespace. Nothing of the caller's environment but what is named here gets in. */
export interface ExecOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Throw a LabError when the command fails (the default), or hand the failure back. */
  readonly reject?: boolean;
  /** The command is killed after this time: no test leaves a load or a hung tool behind. Default one minute. */
  readonly timeoutMs?: number;
}

export interface ExecResult {
  /** 128 + n after signal n, as in a shell; 127 when the command could not be started. */
  readonly exitCode: number;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** The command line, to show to people. */
  readonly command: string;
}

/** A command under way. */
export interface Running {
  /** The command's own process id: entering a namespace forks nothing, so a signal reaches it directly. */
  readonly pid: number;
  readonly kill: (signal?: NodeJS.Signals) => void;
  /** Never rejects, whatever `reject` says. */
  readonly done: Promise<ExecResult>;
}

/** Anything commands can be run in: a lab node or a pod on it. */
export interface Namespace {
  readonly name: string;
  readonly exec: (command: string, args: readonly string[], options?: ExecOptions) => Promise<ExecResult>;
  readonly start: (command: string, args: readonly string[], options?: ExecOptions) => Running;
}

export class LabError extends Error {
  override readonly name = "LabError";
  readonly result: ExecResult;

  constructor(result: ExecResult) {
    super(`${result.command}\nended with ${result.exitCode}\n${result.stderr}\n${result.stdout}`.trim());
    this.result = result;
  }
}

/** A namespace entered through the command `prefix`; `marker` lets the sweep recognise what we started. */
export const namespace = (name: string, prefix: readonly string[], marker: string): Namespace => {
  const start: Namespace["start"] = (command, args, options = {}) =>
    launch([...prefix, command, ...args], marker, options);
  return {
    name,
    start,
    exec: async (command, args, options = {}) => {
      const result = await start(command, args, options).done;
      if (result.exitCode !== 0 && options.reject !== false) throw new LabError(result);
      return result;
    },
  };
};

const launch = (argv: readonly string[], marker: string, options: ExecOptions): Running => {
  const [file = "false", ...args] = argv;
  const subprocess = execa(file, args, {
    reject: false,
    extendEnv: false,
    env: { ...baseEnv(marker), ...options.env },
    // Always something, so that a plugin that reads its stdin to the end never waits for us.
    input: options.input ?? "",
    timeout: options.timeoutMs ?? 60_000,
    killSignal: "SIGKILL",
    maxBuffer: 64_000_000,
  });
  return {
    pid: subprocess.pid ?? -1,
    kill: (signal = "SIGKILL") => void subprocess.kill(signal),
    done: subprocess.then((result) => ({
      exitCode: result.exitCode ?? (result.signal === undefined ? 127 : 128 + signalNumber(result.signal)),
      signal: result.signal,
      stdout: result.stdout,
      stderr: result.timedOut
        ? `${result.stderr}\ntimed out`
        : result.stderr || (result.originalMessage ?? ""),
      command: argv.join(" "),
    })),
  };
};

/** The name of the variable by which the sweep finds processes of the lab. */
export const MARKER = "POD_QOS_LAB";

const baseEnv = (marker: string): Readonly<Record<string, string>> => ({
  PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/bin:/sbin:/bin`,
  HOME: "/root",
  LANG: "C",
  LC_ALL: "C",
  [MARKER]: marker,
});

const signalNumber = (signal: string): number =>
  ({ SIGHUP: 1, SIGINT: 2, SIGABRT: 6, SIGKILL: 9, SIGSEGV: 11, SIGPIPE: 13, SIGTERM: 15 })[signal] ?? 0;
