/** What others wrote cannot steer a terminal or forge a line of a log. */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fit, listText } from "../../plugin/cli/show/text.ts";
import { createLog } from "../../plugin/log.ts";
import { oneLine, printable } from "../../plugin/plain-text.ts";
import { podQos } from "./support/command-line.ts";

describe("printable", () => {
  it.each([
    ["a\rb", "a\\rb"],
    ["\u001B[2J\u001B]0;x\u0007", "\\u001b[2J\\u001b]0;x\\u0007"],
    ["\u007f\u009b1m", "\\u007f\\u009b1m"],
    ["abc\u202edcb\u2028", "abc\\u202edcb\\u2028"],
    ["tab\tand\nline, ü 日本 ├─ █", "tab\tand\nline, ü 日本 ├─ █"],
  ])("%j", (text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  it("as one line for a log", () => {
    expect(oneLine("a\r\nb\nc")).toBe("a\\r | b | c");
  });
});

it("a line of the log stays one, and obeys nothing", () => {
  const folder = mkdtempSync(join(tmpdir(), "pod-qos-log-"));
  try {
    const logFile = join(folder, "log");
    closeSync(openSync(logFile, "w"));
    createLog({ logFile, logLevel: "info" })("info", "web\r\u001B[1A\n2026 info pod-qos: forged");
    expect(readFileSync(logFile, "utf8")).toMatch(
      /^\S+ info pod-qos: web\\r\\u001b\[1A \| 2026 info pod-qos: forged\n$/,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it("neither do tables and faults", async () => {
  expect(fit("\u001B[1m", 10)).toBe("\\u001b[1m ");
  const seen = { attachments: [], unreadable: ["\u001B[2J\r"], uplinks: [] };
  expect(listText(seen, { colour: false, width: 80 })).toBe("UNHEALTHY: \\u001b[2J\\r");
  const { stderr } = await podQos("show", "--\u001B[2J");
  expect(stderr).toContain("there is no option --\\u001b[2J");
});

it("nor what explain prints", async () => {
  const asking = ["explain", "--annotations", "pod-qos/dscp=EF", "--name", "web\u001B[2J\r"];
  const { stdout } = await podQos(...asking);
  expect(stdout).toMatch(/\\u001b\[2J\\r/);
  expect(stdout).not.toMatch(/(?!\n)\p{Cc}/u);
});
