/** The command line, command by command: what is asked for is on stdout, what is wrong on stderr. */
import { describe, expect, it } from "vitest";
import { optionsFrom as agentOptions, table as agentTable } from "../../plugin/agent/options.ts";
import { optionsFrom as showOptions, table as showTable } from "../../plugin/cli/show/options.ts";
import { asksForHelp, parse } from "../../plugin/command-line/parse.ts";
import { commands } from "../../plugin/commands.ts";
import { podQos } from "./support/command-line.ts";

const names = commands.map(({ name }) => name);

describe.each(names)("pod-qos %s", (name) => {
  const words = name.split(" ");

  it.each(["--help", "-h"])("%s: a page of 80 columns with every option, on stdout", async (help) => {
    const { exitCode, stdout, stderr } = await podQos(...words, "--wat", help);
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(new RegExp(`^pod-qos ${name}: `));
    const { usage } = (await commands.find((entry) => entry.name === name)?.load()) ?? {};
    for (const option of Object.keys(usage?.options ?? {})) expect(stdout).toContain(`  --${option}`);
    expect(stdout.replaceAll(/\s+/g, " ")).toMatch(/ Exit code: 0 .*; 1 .*; 2 wrong usage\.$/);
    expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
  });

  it("help before it gives the same page", async () => {
    expect(await podQos("help", ...words)).toEqual(await podQos(...words, "--help"));
  });

  it("an option that there is not: 2, and stderr alone", async () => {
    expect(await podQos(...words, "--wat")).toEqual({
      exitCode: 2,
      stdout: "",
      stderr: `pod-qos ${name}: there is no option --wat\n"pod-qos ${name} --help" tells how it is called.`,
    });
  });
});

describe("pod-qos", () => {
  it.each([[[]], [["help"]], [["--help"]], [["-h"]]])("%j gives the first page", async (args) => {
    expect(await podQos(...args)).toEqual({ exitCode: 0, stdout: "the first page", stderr: "" });
  });

  it.each(["version", "--version"])("%s", async (word) => {
    expect(await podQos(word)).toEqual({ exitCode: 0, stdout: "pod-qos 1.2.3", stderr: "" });
  });

  it.each([
    [["shwo"], 'pod-qos: there is no command "shwo"'],
    [["--json", "show"], 'pod-qos: there is no command "--json"'],
    [["uplink"], "pod-qos uplink: there are uplink show, uplink restore and uplink remove"],
    [["uplink", "shwo"], "pod-qos uplink: there are uplink show, uplink restore and uplink remove"],
  ])("%j is wrong usage", async (args, words) => {
    const { exitCode, stdout, stderr } = await podQos(...args);
    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(words);
  });

  it("uplink --help lists its commands", async () => {
    const { exitCode, stdout } = await podQos("uplink", "--help");
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /^ {2}pod-qos uplink show .*\n {2}pod-qos uplink restore .*\n {2}pod-qos uplink remove /m,
    );
  });

  it("what fails is on stderr, and 1", async () => {
    const { exitCode, stdout, stderr } = await podQos("show", "--json", "--state-dir=/nonexistent");
    expect([exitCode, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^pod-qos show: no such state directory: \/nonexistent\. /);
  });
});

const shown = (args: readonly string[]) => {
  const { options, operand } = parse(args, { options: showTable, operand: "POD" });
  return { ...showOptions(options), pod: operand };
};

describe("arguments of show", () => {
  it.each([
    [["--json", "web"], { json: true, pod: "web", watch: false, stateDir: "/run/pod-qos", intervalMs: 1000 }],
    [["web", "--json"], { json: true, pod: "web" }],
    [["--watch", "--interval", "0.5", "--count", "2"], { watch: true, intervalMs: 500, frames: 2 }],
    [["--interval=0.5", "--count=2"], { intervalMs: 500, frames: 2 }],
    [["--state-dir", "/s"], { stateDir: "/s" }],
    [["--state-dir=/s=t"], { stateDir: "/s=t" }],
    [["--state-dir=/s", "--state-dir=/t", "--all", "--all"], { stateDir: "/t", which: "all" }],
    [["--", "--json"], { json: false, pod: "--json" }],
    [[""], { pod: "" }],
  ])("%j", (args, expected) => {
    expect(shown(args)).toMatchObject(expected);
  });

  it.each([
    [["--state-dir", "s"], '--state-dir takes an absolute path, not "s"'],
    [["--state-dir="], '--state-dir takes an absolute path, not ""'],
    [["--state-dir"], "--state-dir needs a value: --state-dir DIR"],
    [["--state-dir", "--json"], "--state-dir needs a value"],
    [["--count", "0"], "--count takes 1 to 999999999"],
    [["--count", "1.5"], '"1.5"'],
    [["--interval"], "--interval needs a value"],
    [["--interval", "x"], "--interval takes seconds, 0.1 to 3600"],
    [["--interval="], "--interval takes seconds, 0.1 to 3600"],
    [["--json=yes"], "--json takes no value"],
    [["-j"], "there is no option -j"],
    [["--toString"], "there is no option --toString"],
    [["a", "b"], 'one POD is enough: "a", "b"'],
  ])("%j is refused", (args, fault) => {
    expect(() => shown(args)).toThrow(fault);
  });
});

const settings = (args: readonly string[], env = {}) =>
  agentOptions(parse(args, { options: agentTable }).options, env);

describe("arguments of agent", () => {
  it("default to what the documents say", () => {
    expect(settings([], { NODE_NAME: "n1" })).toEqual({
      node: "n1",
      adopt: true,
      kubeconfig: undefined,
      stateDir: "/run/pod-qos",
      confDir: undefined,
      install: false,
      listen: { host: "127.0.0.1", port: 9465 },
      metricsListen: undefined,
      metricsPods: 250,
      objects: "auto",
      api: true,
      roundMs: 600_000,
    });
  });

  it.each([
    [["--no-api", "--listen=[::1]:80"], { api: false, node: undefined, listen: { host: "::1", port: 80 } }],
    [["--no-api", "--listen", "off", "--round=90s"], { listen: undefined, roundMs: 90_000 }],
    [["--node=n2", "--objects", "off"], { node: "n2", objects: "off" }],
  ])("%j", (args, expected) => {
    expect(settings(args)).toMatchObject(expected);
  });

  it.each([
    [[], "the node's name is missing"],
    [["--node="], "the node's name is missing"],
    [["--no-api", "--listen", "9465"], "--listen takes HOST:PORT"],
    [["--no-api", "--listen", "a:70000"], "--listen takes HOST:PORT"],
    [["--no-api", "--round", "0s"], "--round takes a time from 1s to 24h"],
    [["--no-api", "--objects", "of"], '--objects takes auto, on or off, not "of"'],
    [["--no-api", "--conf-dir", "c"], "--conf-dir takes an absolute path"],
  ])("%j is refused", (args, fault) => {
    expect(() => settings(args)).toThrow(fault);
  });
});

it("what stands after -- asks for no help", () => {
  expect([asksForHelp(["a", "--", "--help"]), asksForHelp(["a", "-h", "--"])]).toEqual([false, true]);
});
