import { describe, expect, it } from "vitest";
import { readCall, verbs } from "../../../plugin/cni/call.ts";
import { ErrorCode } from "../../../plugin/errors.ts";
import { fixture } from "../support/fixture.ts";
import { refusal } from "../support/refusal.ts";

const whole = {
  CNI_CONTAINERID: "c1",
  CNI_NETNS: "/run/netns/pod",
  CNI_IFNAME: "eth0",
  CNI_PATH: "/opt/cni/bin",
  CNI_ARGS: "K8S_POD_NAME=web",
};
const variables = ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH", "CNI_ARGS"] as const;

/** The specification's table, less CNI_PATH, which only a plugin that delegates needs. */
const required: Readonly<Record<string, readonly string[]>> = {
  ADD: ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"],
  CHECK: ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"],
  DEL: ["CNI_CONTAINERID", "CNI_IFNAME"],
  GC: [],
  STATUS: [],
  VERSION: [],
};
const table = verbs.flatMap((verb) =>
  variables.flatMap((name) =>
    (["absent", "empty"] as const).map((how) => ({
      verb,
      name,
      how,
      needed: required[verb]?.includes(name) ?? false,
    })),
  ),
);

describe("readCall", () => {
  it.each(table)("$verb with $name $how is refused: $needed", ({ verb, name, how, needed }) => {
    const env = { CNI_COMMAND: verb, ...whole, [name]: how === "empty" ? "" : undefined };
    if (!needed) return expect(readCall(env).verb).toBe(verb);
    const { code, message } = refusal(() => readCall(env));
    expect([code, message]).toEqual([
      ErrorCode.invalidEnvironment,
      `invalid environment for ${verb}: ${name} is missing`,
    ]);
  });

  it("names every variable that is missing at once", () => {
    const { message } = refusal(() => readCall({ CNI_COMMAND: "ADD" }));
    expect(message).toBe(
      "invalid environment for ADD: CNI_CONTAINERID is missing; CNI_NETNS is missing; CNI_IFNAME is missing",
    );
  });

  it.each([undefined, "", "add", "ADD ", "UPDATE", "toString"])(
    "refuses the verb %j and lists those there are",
    (verb) => {
      const { code, message } = refusal(() => readCall({ ...whole, CNI_COMMAND: verb }));
      expect(code).toBe(ErrorCode.invalidEnvironment);
      expect(message).toContain(`CNI_COMMAND ${JSON.stringify(verb ?? "")} `);
      expect(message).toContain("ADD, DEL, CHECK, GC, STATUS, VERSION");
    },
  );

  it.each([
    ["CNI_CONTAINERID", "../../etc"],
    ["CNI_CONTAINERID", "a b"],
    ["CNI_IFNAME", "../eth0"],
    ["CNI_IFNAME", "sixteen-letters-"],
  ])("refuses %s=%j, naming both", (name, value) => {
    const { message } = refusal(() => readCall({ ...whole, CNI_COMMAND: "DEL", [name]: value }));
    expect(message).toContain(`${name} ${JSON.stringify(value)}`);
  });

  it("does not judge variables of verbs without an attachment", () => {
    expect(readCall({ CNI_COMMAND: "GC", CNI_CONTAINERID: "../.." }).containerId).toBe("../..");
  });

  it("reads what containerd 1.6 sent", () => {
    const lines = fixture("fixtures", "containerd-1.6-add.env").trim().split("\n");
    const env = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    );
    const call = readCall(env);
    expect([call.verb, call.ifname, call.netns]).toEqual([
      "ADD",
      "eth0",
      "/var/run/netns/cni-18e1790c-c0ff-7105-7b29-133d587e2cec",
    ]);
    expect([call.args["K8S_POD_NAMESPACE"], call.args["K8S_POD_NAME"], call.args["K8S_POD_UID"]]).toEqual([
      "default",
      "demo",
      "u-1",
    ]);
  });
});

describe("CNI_ARGS", () => {
  it.each([
    ["", {}],
    ["A=1;B=2", { A: "1", B: "2" }],
    ["B=2;A=1", { A: "1", B: "2" }],
    ["A=1=2", { A: "1=2" }],
    ["A=", { A: "" }],
    ["A;=x;;B=2;", { B: "2" }],
  ])("%j is read as %j", (text, args) => {
    expect(readCall({ ...whole, CNI_COMMAND: "ADD", CNI_ARGS: text }).args).toEqual(args);
  });
});
