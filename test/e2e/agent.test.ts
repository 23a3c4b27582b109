/** The node's agent with files alone: what changes in a conf, a policy file or the kernel reaches the pods that run. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startAgent, until, writeConf, type Agent } from "../lab/agent/agent.ts";
import { succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import { exactState, recordNames } from "../lab/node/exact-state.ts";
import { crowding } from "../lab/measure/machine.ts";
import type { LabNode } from "../lab/node/node.ts";
import { createNode } from "../lab/node/node.ts";
import { linkPlugin } from "../lab/plugin/plugin.ts";
import { plug, type Plug } from "../lab/plugin/plug.ts";
import { readRecordOf } from "../lab/plugin/records.ts";
import { allWishes, ruledWishes } from "../lab/plugin/warm-node.ts";

let node: LabNode;
let agents: Agent[];
beforeEach(async () => {
  node = await createNode();
  agents = [];
});
afterEach(async () => {
  for (const agent of agents) await agent.kill();
  await node[Symbol.asyncDispose]();
});

const begin = async (
  ...args: Parameters<typeof startAgent> extends [unknown, ...infer Rest] ? Rest : never
) => {
  const agent = await startAgent(node, ...args);
  agents.push(agent);
  return agent;
};

const added = async (conf: object, options: { readonly kind?: "macvlan" } = {}): Promise<Plug> => {
  const pod = await plug(node, { ...options, conf: { ...conf } });
  succeeded(await pod.call("ADD"));
  return pod;
};

const egressOf = (pod: Plug): number | undefined => readRecordOf(pod).limits?.egress;
const capped = (rate: string) => ({ defaults: { egressBandwidth: rate } });
const checked = async (pod: Plug, conf: object): Promise<void> =>
  succeededSilently(await pod.call("CHECK", { conf: { ...conf } }));

describe("a conf that is edited", () => {
  test("reaches its pods within a second, those of other networks are left alone, and nothing is done twice", async () => {
    await writeConf(node, "10-lab.conflist", capped("10M"));
    const [one, other] = [await added(capped("10M")), await added({ ...capped("10M"), name: "other" })];
    const agent = await begin();
    await writeConf(node, "10-lab.conflist", capped("20M"));
    const took = await until("20M", () => egressOf(one) === 20e6);
    expect(took).toBeLessThan(1000 * (await crowding()));
    await checked(one, capped("20M"));
    expect(egressOf(other)).toBe(10e6);
    const said = await agent.stop();
    expect(said).toMatch(/lab-pod1 eth0: egress 10M -> 20M \(the conf of network lab\)/);
    expect(said.match(/->/g)).toHaveLength(1);
  });

  test("makes no CHECK fail while its pods are being changed", async () => {
    await writeConf(node, "10-lab.conflist", allWishes);
    const pod = await added(allWishes);
    await begin();
    const complaints: string[] = [];
    for (const conf of [ruledWishes, allWishes, ruledWishes, allWishes]) {
      await writeConf(node, "10-lab.conflist", conf);
      const hasRules = conf === ruledWishes;
      const look = async (): Promise<void> => {
        const { error } = await pod.call("CHECK", { conf });
        if (error !== undefined) complaints.push(error.msg);
      };
      // Several side by side: some of them look in the midst of it.
      await until("the change", async () => {
        await Promise.all([look(), sleep(30).then(look), sleep(60).then(look)]);
        const { limits, unfinished } = readRecordOf(pod);
        return (limits?.rules ?? 0) > 1 === hasRules && unfinished !== true;
      });
    }
    expect(complaints).toEqual([]);
  });

  test("while the agent is away is followed once it is back", async () => {
    await writeConf(node, "10-lab.conflist", capped("10M"));
    const pod = await added(capped("10M"));
    await writeConf(node, "10-lab.conflist", ruledWishes);
    await begin();
    await until("rules", () => (readRecordOf(pod).limits?.rules ?? 0) > 1, 10_000);
    await checked(pod, ruledWishes);
  });

  test.each([
    ["gone", "rm /etc/cni/net.d/10-lab.conflist"],
    ["broken", 'echo \'{"name": "lab", "plugins": [\' >/etc/cni/net.d/10-lab.conflist'],
    [
      "without pod-qos",
      'echo \'{"cniVersion":"1.1.0","name":"lab","plugins":[{"type":"ptp"}]}\' >/etc/cni/net.d/10-lab.conflist',
    ],
    [
      "one that cannot be",
      'echo \'{"cniVersion":"1.1.0","name":"lab","plugins":[{"type":"pod-qos","egressRat":1}]}\' >/etc/cni/net.d/10-lab.conflist',
    ],
  ])("and is %s changes nothing that runs, and the next good one counts", async (_, damage) => {
    await writeConf(node, "10-lab.conflist", allWishes);
    const pod = await added(allWishes);
    await begin();
    const before = await exactState(node, pod.pod);
    await node.exec("sh", ["-c", damage]);
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(await exactState(node, pod.pod)).toBe(before);
    await writeConf(node, "10-lab.conflist", capped("20M"));
    await until("20M", () => egressOf(pod) === 20e6);
  });

  test("in many steps at once ends as the last one says", async () => {
    await writeConf(node, "10-lab.conflist", capped("10M"));
    const pod = await added(capped("10M"));
    await begin();
    for (let rate = 11; rate <= 30; rate += 1) await writeConf(node, "10-lab.conflist", capped(`${rate}M`));
    await until("30M", () => egressOf(pod) === 30e6);
    await checked(pod, capped("30M"));
  });
});

describe("a policy file", () => {
  test("made, edited and deleted reaches its pods", async () => {
    await node.exec("mkdir", ["/run/policies"]);
    const conf = { policyDir: "/run/policies", args: { cni: { labels: {} } } };
    await writeConf(node, "10-lab.conflist", { policyDir: "/run/policies" });
    const pod = await plug(node, { conf });
    succeeded(await pod.call("ADD", { args: "K8S_POD_NAMESPACE=prod;K8S_POD_NAME=web-1" }));
    await begin();
    for (const dscp of [10, 11]) {
      await write(dscp);
      await until(`mark ${dscp}`, () => readRecordOf(pod).limits?.dscp === dscp);
    }
    await node.exec("rm", ["/run/policies/a.json"]);
    await until("no mark", () => readRecordOf(pod).programs.length === 0);
  });
});

describe("what somebody takes away in the kernel", () => {
  test("on the node is put back at once, in the pod within a round; foreign objects stay; all is counted", async () => {
    await writeConf(node, "10-lab.conflist", ruledWishes);
    const pod = await added(ruledWishes);
    const agent = await begin({ round: "10s" });
    const before = await exactState(node, pod.pod);
    const foreign = "iptables -t mangle -A OUTPUT -p udp --dport 9999 -j ACCEPT";
    await pod.pod.exec("sh", ["-ec", foreign]);
    const beside = await exactState(node, pod.pod);
    expect(beside).not.toBe(before);
    await node.exec("tc", ["qdisc", "del", "dev", pod.nodeDevice, "root"]);
    await until("the host end's root", () => isSame(pod, beside), 5_000);
    await pod.pod.exec("sh", ["-ec", "iptables -t mangle -F POSTROUTING; tc qdisc del dev eth0 root"]);
    await until("rules and root in the pod", () => isSame(pod, beside), 11_000);
    expect(await agent.metric('pod_qos_drift_total{tool="tc"}')).toBeGreaterThan(0);
    expect(await agent.metric('pod_qos_drift_total{tool="iptables"}')).toBeGreaterThan(0);
    await checked(pod, ruledWishes);
  });
});

test("what stands on a link that has a host end's name by now is not read back as the pod's", async () => {
  const conf = { defaults: { ingressBandwidth: "10M" }, enforce: "host" };
  await writeConf(node, "10-lab.conflist", conf);
  const [pod, other] = [await added(conf), await added(conf)];
  const agent = await begin({ round: "1s" });
  await node.exec("sh", [
    "-ec",
    'ip link del "$1"; ip link add "$1" type veth peer name elsewhere0',
    "sh",
    pod.nodeDevice,
  ]);
  await node.exec("tc", ["qdisc", "del", "dev", other.nodeDevice, "root"]);
  await until(
    "the other's is put back",
    async () => (await agent.metric('pod_qos_drift_total{tool="tc"}')) > 0,
  );
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const { stdout } = await node.exec("tc", ["qdisc", "show", "dev", pod.nodeDevice]);
  expect(stdout).not.toMatch(/htb|clsact/);
});

test("a namespace that ends without DEL is undone; a record that came since is not touched", async () => {
  const [gone, stays] = [await added(allWishes, { kind: "macvlan" }), await added(allWishes)];
  await begin();
  await gone.unplug();
  await gone.pod.remove();
  await until("undone", () => recordNames(node).length === 1, 15_000);
  expect(recordNames(node)).toEqual([expect.stringContaining(stays.pod.containerId)]);
  await checked(stays, allWishes);
});

describe("an agent that is not in the node's own namespaces", () => {
  test("of mounts: undoes nothing of pods whose namespaces it does not see, as in an image with a /run/netns of its own", async () => {
    const pod = await added(allWishes, { kind: "macvlan" });
    const before = readRecordOf(pod);
    const state = await exactState(node, pod.pod);
    const inImage = ["unshare", "--mount", "sh", "-ec", 'mount -t tmpfs image /run/netns; exec "$@"', "sh"];
    const agent = await begin({ command: [...inImage, linkPlugin(node)] });
    await until("it has looked", async () => (await agent.metric('pod_qos_pods{state="hidden"}')) === 1);
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    expect(await agent.stop()).not.toContain("has ended");
    expect([readRecordOf(pod), await exactState(node, pod.pod)]).toEqual([before, state]);
  });

  test("of network: does not begin, and says whose that is", async () => {
    const pod = await added(allWishes);
    const { exitCode, stderr } = await pod.pod.exec(linkPlugin(node), ["agent", "--no-api"], {
      reject: false,
    });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/in the network namespace of pod .*lab-pod1.*hostNetwork: true/);
  });
});

describe("agents", () => {
  test("one is at work, the second waits and takes over; SIGTERM takes the heartbeat away; a killed one holds nothing", async () => {
    await writeConf(node, "10-lab.conflist", capped("10M"));
    const pod = await added(capped("10M"));
    const first = await begin();
    const second = await begin({ args: ["--no-api", "--listen", "off"], ready: false });
    expect((await node.exec("ls", ["/run/pod-qos/live"])).stdout).toContain("agent.json");
    await first.stop();
    await until("the second's heartbeat", async () =>
      (await node.exec("cat", ["/run/pod-qos/live/agent.json"], { reject: false })).stdout.includes(
        `${second.pid}`,
      ),
    );
    await writeConf(node, "10-lab.conflist", capped("20M"));
    await until("20M", () => egressOf(pod) === 20e6, 8_000);
    await second.kill();
    const third = await begin();
    await writeConf(node, "10-lab.conflist", capped("30M"));
    await until("30M", () => egressOf(pod) === 30e6);
    await third.stop();
    expect(
      (await node.exec("ls", ["-A", "/run/pod-qos/live", "/run/pod-qos/live/lock", "/run/pod-qos/locks"]))
        .stdout,
    ).not.toMatch(/agent\.json|^\d/m);
  });

  test("wrong arguments are named, and a state directory of others is refused", async () => {
    const run = (...args: readonly string[]) =>
      node.exec("/opt/cni/bin/pod-qos", ["agent", ...args], { reject: false });
    await added({});
    expect(await run("--round", "0s")).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("--round"),
    });
    expect(await run()).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("--node") });
    await node.exec("sh", ["-c", "mkdir -p /run/open && chmod 777 /run/open"]);
    expect(await run("--no-api", "--state-dir", "/run/open")).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("can be written by others"),
    });
  });
});

const manifest = (dscp: number) =>
  JSON.stringify({
    apiVersion: "k8s.ovn.org/v1alpha1",
    kind: "NetworkQoS",
    metadata: { name: "a", namespace: "prod" },
    spec: { priority: 1, podSelector: {}, egress: [{ dscp }] },
  });

const sorted = (text: string): string =>
  text
    .replaceAll(/^\d+: /gm, "")
    .split("\n")
    .toSorted()
    .join("\n");

const write = (dscp: number) =>
  node.exec("sh", ["-c", "cat >/run/policies/a.json"], { input: manifest(dscp) });

const isSame = async (pod: Plug, text: string): Promise<boolean> =>
  sorted(await exactState(node, pod.pod)) === sorted(text);
