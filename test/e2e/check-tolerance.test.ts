/** What CHECK must not take for a fault, and what it must, beyond the objects themselves. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AttachmentRecord } from "../../plugin/state/record.ts";
import { failed, succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import { exactState, recordNames, stateFiles } from "../lab/node/exact-state.ts";
import type { LabNode } from "../lab/node/node.ts";
import { plug, type Plug } from "../lab/plugin/plug.ts";
import { allWishes, warmNode } from "../lab/plugin/warm-node.ts";

let node: LabNode;
beforeAll(async () => {
  node = await warmNode();
});
afterAll(() => node[Symbol.asyncDispose]());

const added = async (conf: object = {}): Promise<Plug> => {
  const pod = await plug(node, { conf: { ...allWishes, ...conf } });
  succeeded(await pod.call("ADD"));
  return pod;
};

const ended = async (pod: Plug): Promise<void> => {
  succeededSilently(await pod.call("DEL"));
  await pod.unplug();
};

describe("CHECK passes on a good pod", () => {
  test("whatever a later plugin added to prevResult", async () => {
    const pod = await added();
    const interfaces = [
      { name: pod.nodeDevice },
      { name: "eth0", sandbox: pod.pod.netns },
      { name: "tap0", mac: "x" },
    ];
    const prevResult = { ...pod.prevResult, interfaces, dns: { nameservers: ["192.0.2.1"] }, extra: 1 };
    succeededSilently(await pod.call("CHECK", { conf: { prevResult } }));
    await ended(pod);
  });

  test("when a later plugin has changed the MTU of the pod's link, as tuning does", async () => {
    const pod = await added();
    await pod.pod.exec("ip", ["link", "set", "eth0", "mtu", "1400"]);
    await node.exec("ip", ["link", "set", pod.nodeDevice, "mtu", "1400"]);
    succeededSilently(await pod.call("CHECK"));
    await ended(pod);
  });

  test("beside filters of an agent that came after ADD", async () => {
    const pod = await added();
    const filter = [
      "protocol",
      "ip",
      "pref",
      "50",
      "u32",
      "match",
      "ip",
      "dst",
      "192.0.2.1",
      "classid",
      "1:7",
    ];
    await node.exec("tc", ["filter", "add", "dev", pod.nodeDevice, "ingress", ...filter]);
    await pod.pod.exec("iptables", ["-w", "-t", "mangle", "-A", "POSTROUTING", "-j", "RETURN"]);
    succeededSilently(await pod.call("CHECK"));
    await ended(pod);
  });

  test("of the same pod over a link to its namespace", async () => {
    const pod = await added();
    await node.exec("ln", ["-s", pod.pod.netns, "/run/netns/link"]);
    succeededSilently(await pod.call("CHECK", { netns: "/run/netns/link" }));
    await node.exec("rm", ["/run/netns/link"]);
    await ended(pod);
  });
});

describe("CHECK passes and tells", () => {
  const faster = { ...allWishes.defaults, ingressBandwidth: "21M" };
  test.each([
    [{ defaults: faster }, '"ingress":20000000', '"ingress":21000000'],
    [{ defaults: {} }, "it has limits that nothing requests any more", "ADD it again"],
    [{ discipline: "police" }, "other kernel objects are requested now", "ADD it again"],
    [{ defaults: { dscp: 64 } }, "what is requested now is invalid", "defaults.dscp"],
  ])("when something else is asked for than was applied last: %j", async (conf, ...texts) => {
    const pod = await added();
    const checked = await pod.call("CHECK", { conf });
    expect(checked).toMatchObject({ exitCode: 0, stdout: "" });
    for (const text of texts) expect(checked.stderr).toContain(text);
    await ended(pod);
  });

  test("but what is not as it was applied is a fault all the same", async () => {
    const pod = await added();
    await node.exec("tc", ["qdisc", "del", "dev", pod.nodeDevice, "root"]);
    failed(await pod.call("CHECK", { conf: { defaults: faster } }), 100, [pod.nodeDevice, "missing"]);
    await ended(pod);
  });
});

describe("CHECK writes nothing", () => {
  test.each(["passes", "fails"])("also with no features.json, when it %s", async (outcome) => {
    const pod = await added();
    if (outcome === "fails") await node.exec("tc", ["qdisc", "del", "dev", pod.nodeDevice, "root"]);
    rmSync(node.path("/run/pod-qos/features.json"));
    const before = [await node.dump(), await exactState(node, pod.pod), stateFiles(node)];
    const answer = await pod.call("CHECK");
    if (outcome === "passes") succeededSilently(answer);
    else failed(answer, 100, [pod.nodeDevice]);
    expect([await node.dump(), await exactState(node, pod.pod), stateFiles(node)]).toEqual(before);
    await ended(pod);
  });

  test("and makes no state directory", async () => {
    const pod = await plug(node, { conf: { ...allWishes, stateDir: "/run/elsewhere" } });
    failed(await pod.call("CHECK"), 100);
    expect(stateFiles(node, "/run/elsewhere")).toEqual({});
    expect((await node.exec("ls", ["/run"])).stdout).not.toContain("elsewhere");
    await pod.unplug();
  });
});

describe("CHECK fails", () => {
  test("on a pod that was never added, naming what is missing", async () => {
    const pod = await plug(node, { conf: allWishes });
    failed(await pod.call("CHECK"), 100, [pod.nodeDevice, "missing", "POD-QOS-eth0"]);
    await pod.unplug();
  });

  test("when the record is gone, for DEL and GC would not know what to undo", async () => {
    const pod = await added();
    const name = recordNames(node).find((file) => file.includes(pod.pod.containerId)) ?? "";
    rmSync(node.path(`/run/pod-qos/${name}`));
    failed(await pod.call("CHECK"), 100, ["record", "/run/pod-qos"]);
    succeeded(await pod.call("ADD"));
    succeededSilently(await pod.call("CHECK"));
    await ended(pod);
  });

  test("when the record is of an ADD that was cut short, and says so", async () => {
    const pod = await added();
    const name = recordNames(node).find((file) => file.includes(pod.pod.containerId)) ?? "";
    const path = node.path(`/run/pod-qos/${name}`);
    const { facts: _, ...begun } = JSON.parse(readFileSync(path, "utf8")) as AttachmentRecord;
    writeFileSync(path, JSON.stringify(begun));
    const { msg } = failed(await pod.call("CHECK"), 100, ["record", "/run/pod-qos", "cut short"]);
    expect(msg).not.toContain("missing");
    succeeded(await pod.call("ADD"));
    succeededSilently(await pod.call("CHECK"));
    await ended(pod);
  });

  test("when the veth is gone, naming the device", async () => {
    const pod = await added();
    await pod.unplug();
    failed(await pod.call("CHECK"), 100, ["eth0"]);
    await ended(pod);
  });

  test("when the pod's interface is another one of the same name", async () => {
    const pod = await added();
    await pod.unplug();
    await plug(node, { pod: pod.pod });
    failed(await pod.call("CHECK"), 100, [pod.nodeDevice]);
    succeeded(await pod.call("ADD"));
    succeededSilently(await pod.call("CHECK"));
    await ended(pod);
  });
});

const rename = (from: string, to: string) =>
  node.exec("sh", ["-ec", `ip link set ${from} down; ip link set ${from} name ${to}; ip link set ${to} up`]);

test("CHECK names the host end that was renamed, and asks for nothing in its place", async () => {
  const pod = await added();
  await rename(pod.nodeDevice, "other0");
  const answer = await pod.call("CHECK");
  const { msg } = failed(answer, 100, [pod.nodeDevice, "is called other0"]);
  expect(`${msg} ${answer.stderr}`).not.toMatch(/on eth0|is gone|requested now/);
  await rename("other0", pod.nodeDevice);
  succeededSilently(await pod.call("CHECK"));
  await ended(pod);
});

describe("a /sys that does not show the node's links, as with nsenter --net alone", () => {
  const throughOther = [
    "#!/bin/sh",
    "exec 9</proc/self/ns/net",
    'exec ip netns exec other nsenter --net=/proc/self/fd/9 -- /opt/cni/bin/pod-qos "$@"',
  ].join("\n");

  test("makes ADD warn that the caps are in the pod", async () => {
    await node.exec("sh", [
      "-ec",
      'ip netns add other; printf %s "$1" > /run/unseen; chmod +x /run/unseen',
      "sh",
      throughOther,
    ]);
    const pod = await plug(node, { conf: allWishes });
    const seen = await pod.call("ADD");
    expect(seen.stderr).toBe("");
    succeededSilently(await pod.call("DEL"));
    const unseen = await pod.call("ADD", { plugin: "/run/unseen" });
    expect(unseen.exitCode).toBe(0);
    expect(unseen.stderr).toMatch(/ warn pod-qos: ADD .* its caps are in the pod, .*nsenter --net/);
    expect(unseen.stderr).toContain(pod.nodeDevice);
    await ended(pod);
    await node.exec("ip", ["netns", "del", "other"]);
  });
});
