/** STATUS: tells whether the next ADD could succeed, at the cost of a few stats. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failed, succeededSilently } from "../lab/plugin/answers.ts";
import { suite } from "../lab/node/needs.ts";
import { createNode, type LabNode } from "../lab/node/node.ts";
import { callPlugin, linkPlugin, type PluginResult } from "../lab/plugin/plugin.ts";
import { defaultConf, plug } from "../lab/plugin/plug.ts";
import { uplink200 } from "../lab/uplink/uplink.ts";
import { allWishes } from "../lab/plugin/warm-node.ts";

let node: LabNode;
beforeEach(async () => {
  node = await createNode();
});
afterEach(() => node[Symbol.asyncDispose]());

const status = (conf: object = {}): Promise<PluginResult> =>
  callPlugin(node, { command: "STATUS", conf: { ...defaultConf, ...conf } });

describe("STATUS on a node that is ready", () => {
  test("succeeds and leaves no file", async () => {
    const before = await node.dump();
    succeededSilently(await status(allWishes));
    succeededSilently(await status({ stateDir: "/run/not/yet/there" }));
    expect(await node.dump()).toBe(before);
  });
});

describe("STATUS on a node that is not ready is code 50 and says what is missing", () => {
  // The plugin looks into the standard directories too, so that an empty PATH means nothing: the file itself must go.
  test.each(["tc", "ip", "nsenter", "unshare"])("no %s", async (tool) => {
    await node.exec("sh", [
      "-ec",
      `
      for dir in /usr/sbin /usr/bin /usr/local/sbin /usr/local/bin; do
        [ -e "$dir/$1" ] || continue
        mkdir -p /run/bin$dir; mount -t overlay lab -o "lowerdir=$dir,upperdir=/run/bin$dir,workdir=$(mktemp -d -p /run)" "$dir"
        rm "$dir/$1"
      done`,
      "sh",
      tool,
    ]);
    failed(await status(), 50, [tool]);
  });

  const places: readonly (readonly [string, string])[] = [
    ["on a file system that is read-only", "mount -t tmpfs -o ro lab /run/pod-qos"],
    ["that is a link to nowhere", "rmdir /run/pod-qos; ln -s /run/nowhere /run/pod-qos"],
    ["that is a file", "rmdir /run/pod-qos; touch /run/pod-qos"],
    ["below a file", "rmdir /run/pod-qos; touch /run/state"],
  ];
  test.each(places)("a state directory %s", async (title, script) => {
    await node.exec("sh", ["-ec", script]);
    const stateDir = title.startsWith("below") ? "/run/state/pod-qos" : "/run/pod-qos";
    failed(await status({ stateDir }), 50, [stateDir]);
  });

  test("a conf that ADD would refuse is code 7, before the first pod finds out", async () => {
    failed(await status({ defaults: { egressBandwidth: "10 Mbit" } }), 7, ["egressBandwidth", "10 Mbit"]);
  });

  test("so is a default class that the uplink does not have", async () => {
    const conf = { uplink: { ...uplink200, device: "lo" } };
    succeededSilently(await status({ ...conf, defaults: { class: "bulk-seed" } }));
    failed(await status({ ...conf, defaults: { class: "nope" } }), 7, [
      "defaults.class",
      "nope",
      "bulk-seed",
    ]);
  });
});

describe("STATUS finds a bucket that no kernel holds, before a pod does", () => {
  const classes = { ...uplink200.classes, "bulk-seed": { rate: "100k", burst: "30G" } };
  test.each([
    ["of a static cap", 7, { ingressRate: 1000, ingressBurst: 8e8 }, "ingressBurst: 800000000 is not valid"],
    [
      "of a policer",
      7,
      { egressRate: 1000, egressBurst: 8e8, discipline: "police" },
      "egressBurst: 800000000",
    ],
    ["of a class", 50, { uplink: { ...uplink200, device: "lo", classes } }, "uplink.classes.bulk-seed.burst"],
  ])("%s", async (_, code, conf, text) => {
    const { msg, details } = failed(await status(conf), code);
    expect(`${msg} ${details}`).toContain(text);
    failed(await (await plug(node, { conf })).call("ADD"), 7, [text]);
  });
});

const routeBy = (device: string): Promise<unknown> =>
  node.exec("sh", [
    "-ec",
    'ip link add "$1" type veth peer name far; ip link set "$1" up; ip route add default dev "$1"',
    "sh",
    device,
  ]);

describe("STATUS finds the uplink by the default route", () => {
  const uplink = { ...uplink200, device: "auto" };

  test("and takes it", async () => {
    await routeBy("up0");
    succeededSilently(await status({ uplink }));
  });

  test.each(["up+0", "up#0", 'up"0'])(
    "unless tc or iptables would read its name %j otherwise",
    async (name) => {
      await routeBy(name);
      const { details } = failed(await status({ uplink }), 50, ["the uplink is unusable"]);
      expect(details).toContain(
        `uplink.device: "auto" is the device of the default route: ${JSON.stringify(name)}`,
      );
    },
  );
});

suite("STATUS starts no process", { tools: ["strace"] }, () => {
  test.each([
    ["a bare conf", {}],
    ["manifests and an uplink", { policyDir: "/etc/cni/pod-qos", uplink: { ...uplink200, device: "lo" } }],
  ])("of %s none is forked, and none executed but itself", async (_, conf) => {
    await node.exec("mkdir", ["-p", "/etc/cni/pod-qos"]);
    const calls = "execve,execveat,fork,vfork,clone,clone3";
    const args = ["-f", "-qq", "-o", "/run/trace", "-e", `trace=${calls}`, linkPlugin(node)];
    const env = { CNI_COMMAND: "STATUS", CNI_PATH: "/opt/cni/bin" };
    const input = JSON.stringify({ ...defaultConf, ...conf });
    const { stdout } = await node.exec("strace", args, { env, input });
    expect(stdout).toBe("");
    const trace = (await node.exec("cat", ["/run/trace"])).stdout.split("\n");
    // Node's threads are no processes of ours.
    const forks = /\b(clone3?|v?fork)\((?!.*CLONE_THREAD)/;
    expect(trace.filter((line) => forks.test(line))).toEqual([]);
    const executed = trace.filter((line) => / execve(at)?\(/.test(line) && line.endsWith(" = 0"));
    expect(executed).toEqual([expect.stringContaining("/opt/cni/bin/pod-qos")]);
  });
});
