/** STATUS: tells whether the next ADD could succeed, at the cost of a few stats. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failed, succeededSilently } from "../lab/answers.ts";
import { suite } from "../lab/needs.ts";
import { createNode, type LabNode } from "../lab/node.ts";
import { callPlugin, linkPlugin, type PluginResult } from "../lab/plugin.ts";
import { defaultConf } from "../lab/plug.ts";
import { uplink200 } from "../lab/uplink.ts";
import { allWishes } from "../lab/warm-node.ts";

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
  test.each(["tc", "ip", "nsenter"])("no %s", async (tool) => {
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
      const { details } = failed(await status({ uplink }), 50, ["the uplink cannot be had"]);
      expect(details).toContain(
        `uplink.device: "auto" is the device of the default route: ${JSON.stringify(name)}`,
      );
    },
  );
});

suite("STATUS starts no process", { tools: ["strace"] }, () => {
  test("none is forked and none executed", async () => {
    const calls = "execve,execveat,fork,vfork,clone,clone3";
    const args = ["-f", "-qq", "-o", "/run/trace", "-e", `trace=${calls}`, linkPlugin(node)];
    const env = { CNI_COMMAND: "STATUS", CNI_PATH: "/opt/cni/bin" };
    const { stdout } = await node.exec("strace", args, { env, input: JSON.stringify(defaultConf) });
    expect(stdout).toBe("");
    const trace = (await node.exec("cat", ["/run/trace"])).stdout.split("\n");
    // The tracer's own start of us, and Node's threads, are no processes of ours.
    const started = trace.filter(
      (line) => /clone|fork/.test(line) && !/CLONE_THREAD|resumed|= \?/.test(line),
    );
    expect(started).toEqual([]);
    const executed = trace.filter((line) => / execve(at)?\(/.test(line) && line.endsWith(" = 0"));
    expect(executed.filter((line) => !/pod-qos|node/.test(line))).toEqual([]);
  });
});
