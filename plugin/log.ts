/** Log lines: to stderr what an operator must see, and to the conf's logFile from its logLevel on. Never to stdout. */
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { logLevels, type LogLevel } from "./cni/conf.ts";
import { oneLine } from "./plain-text.ts";

export type Log = (level: LogLevel, message: string) => void;

export function createLog(settings: {
  readonly logFile: string | undefined;
  readonly logLevel: LogLevel;
}): Log {
  return (level, message) => {
    const line = `${new Date().toISOString()} ${level} pod-qos: ${oneLine(message)}\n`;
    if (logLevels.indexOf(level) >= logLevels.indexOf("warn")) quietly(() => writeSync(2, line));
    const { logFile, logLevel } = settings;
    if (logFile === undefined || logLevels.indexOf(level) < logLevels.indexOf(logLevel)) return;
    quietly(() => append(logFile, line));
  };
}

/** Of what runs until it is ended: a service manager or the kubelet keeps what it says. */
export function serviceLog(name: string): Log {
  return (level, message) => {
    if (level === "debug") return;
    const line = `${new Date().toISOString()} ${level} ${name}: ${oneLine(message)}\n`;
    quietly(() => writeSync(2, line));
  };
}

/** Not waiting for a reader, where an operator has put a pipe. */
const appending = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;

function append(path: string, line: string): void {
  const fd = openSync(path, appending, 0o640);
  try {
    writeSync(fd, line);
  } finally {
    closeSync(fd);
  }
}

/** A full disk or a closed stderr is no reason to leave a pod without network. */
function quietly(write: () => void): void {
  try {
    write();
  } catch {
    return;
  }
}
