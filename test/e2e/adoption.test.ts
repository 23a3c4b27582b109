/** Pods that ran before pod-qos was in their chain: the agent makes them as ADD would have (issue 12, point 3). */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { AttachmentRecord } from "../../plugin/state/record.ts";
import { startInGroup } from "../lab/agent/agent-kill.ts";
import { startAgent, until, type Agent, type AgentOptions } from "../lab/agent/agent.ts";
import {
  addUnmanaged,
  callFor,
  NETWORK,
  chains,
  putInChain,
  recordPathOf,
  unmanagedNeeds,
  type Unmanaged,
} from "../lab/agent/unmanaged.ts";
import type { Annotations } from "../lab/cluster/runtime-call.ts";
import { figure } from "../lab/measure/figures.ts";
import { crowding } from "../lab/measure/machine.ts";
import { long, repetitions } from "../lab/measure/repetitions.ts";
import { inBatches } from "../lab/histories/play.ts";
import { stateOf } from "../lab/histories/state.ts";
import { seed, seedSaid } from "../lab/measure/seed.ts";
import { exactState, recordNames } from "../lab/node/exact-state.ts";
import { suite } from "../lab/node/needs.ts";
import { createNode, type LabNode } from "../lab/node/node.ts";
import { portion } from "../lab/plugin/kill.ts";
import { succeededSilently } from "../lab/plugin/answers.ts";
import { runChain } from "../lab/plugin/chain.ts";
import { defaultConf } from "../lab/plugin/plug.ts";
import { callPlugin } from "../lab/plugin/plugin.ts";

const pods = repetitions(110);
const kills = repetitions(10);
/** Most of it goes into making the pods, and looking at all of each. */
const longestMs = long ? 1_200_000 : 300_000;
const ADOPTED = 'pod_qos_adoptions_total{result="adopted"}';
const conf = { defaults: { dscp: "CS1" } };
const capped = { "kubernetes.io/ingress-bandwidth": "20M", "kubernetes.io/egress-bandwidth": "10M" };
const rules = '[{"dscp": 46, "classifier": {"ports": [{"protocol": "UDP", "port": 53}]}}]';
/** In turn. */
const wishes: readonly Annotations[] = [
  capped,
  {},
  { "pod-qos/dscp": "EF", "pod-qos/egress": rules },
  { ...capped, "pod-qos/discipline": "police" },
];

suite("a pod that ran before pod-qos", unmanagedNeeds, () => {
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

  const begin = async (options: AgentOptions = {}): Promise<Agent> => {
    const agent = await startAgent(node, options);
    agents.push(agent);
    return agent;
  };
  const add = (annotations: Annotations = capped, options = {}): Promise<Unmanaged> =>
    addUnmanaged(node, chains({}).before, annotations, options);
  const textOf = (one: Unmanaged): string | undefined => {
    const path = recordPathOf(node, one);
    return existsSync(path) ? readFileSync(path, "utf8") : undefined;
  };
  const recordOf = (one: Unmanaged): AttachmentRecord | undefined => {
    const text = textOf(one);
    return text === undefined ? undefined : (JSON.parse(text) as AttachmentRecord);
  };
  const callForAll = async (some: readonly Unmanaged[], verb: "ADD" | "DEL", its: object): Promise<void> => {
    for (const batch of inBatches(some, 4))
      await Promise.all(batch.map((one) => callFor(node, one, verb, its)));
  };
  const egressOf = (one: Unmanaged): number | undefined => recordOf(one)?.limits?.egress;
  const stateWith = (some: readonly Unmanaged[]): Promise<string> =>
    stateOf(
      node,
      some.map(({ pod }) => pod),
    );

  test(
    `of ${pods} each is as ADD would have made it, within 20 s, and nothing is left of any`,
    async () => {
      const { before, now } = chains(conf);
      const some: Unmanaged[] = [];
      for (let at = 0; at < pods; at += 1) some.push(await add(wishes[at % wishes.length]));
      await putInChain(node, conf);
      const bare = await stateWith(some);
      const began = performance.now();
      const agent = await begin({ ready: false });
      await until(
        "all are adopted",
        async () => (await agent.metric('pod_qos_pods{state="in_step"}')) === pods && isIdle(agent),
        60_000,
      );
      const tookMs = performance.now() - began;
      figure("seconds to adopt them", tookMs / 1000, { atMost: 20 * (await crowding()) });
      expect(await agent.metric(ADOPTED)).toBe(pods);
      const adopted = { state: await stateWith(some), records: some.map(textOf) };
      expect(await agent.stop()).toContain(`adopted ${pods} attachments that had no record`);

      await callForAll(some, "DEL", conf);
      expect(recordNames(node)).toEqual([]);
      expect(withoutQueueLength(await stateWith(some))).toBe(withoutQueueLength(bare));
      await callForAll(some, "ADD", conf);
      expect(adopted.state).toBe(await stateWith(some));
      expect(adopted.records.map(parsed)).toEqual(some.map(textOf).map(parsed));

      // By the chain of now, by that of before, and by none: the agent undoes what no DEL comes for.
      const last = await begin();
      for (const [at, { pod, end }] of some.entries()) {
        if (at % 3 < 2) await runChain(node, "del", at % 3 === 0 ? now : before, pod, { client: "cnitool" });
        await end();
      }
      await until("no record is left", () => recordNames(node).length === 0, 30_000);
      expect(await last.metric(ADOPTED)).toBe(0);
      const links = await node.exec("ip", ["-o", "link", "show", "type", "ifb"]);
      expect(links.stdout).toBe("");
    },
    longestMs,
  );

  test(
    `is as ADD would have made it although the agent is killed ${kills} times while it adopts`,
    async () => {
      const some: Unmanaged[] = [];
      for (let at = 0; at < 6; at += 1) some.push(await add(wishes[at % wishes.length]));
      await putInChain(node, conf);
      await callForAll(some, "ADD", conf);
      const wanted = await stateWith(some);
      let [inTheMidst, spanMs] = [0, 600];
      for (let time = 0; time < kills; time += 1) {
        await callForAll(some, "DEL", conf);
        const victim = await startInGroup(node, ["--no-api"]);
        await sleep(portion(seed, time) * spanMs);
        process.kill(-victim.pid, "SIGKILL");
        await victim.kill();
        const isDone = (await stateWith(some)) === wanted;
        if (!isDone) inTheMidst += 1;
        else spanMs *= 0.8;
        const agent = await begin({ ready: false });
        await until(
          "all are adopted",
          async () => (await agent.metric('pod_qos_pods{state="in_step"}')) === some.length && isIdle(agent),
          30_000,
        );
        await agent.stop();
        expect(await stateWith(some), `${seedSaid}, kill ${time}`).toBe(wanted);
      }
      figure("kills before all was done", inTheMidst, { atLeast: Math.floor(kills / 2) });
    },
    longestMs,
  );

  test("is made so without a tool where it asks for nothing", async () => {
    const quiet = await add({});
    // Where there is no record at all, all may have been lost: then it is looked at.
    await callFor(node, await add({}), "ADD", {});
    await putInChain(node, {});
    const started = recordTools(node);
    await begin({ env: { PATH: `${TOOLS}:${process.env["PATH"]}` } });
    await until("its record", () => textOf(quiet) !== undefined);
    await sleep(1500);
    expect(recordOf(quiet)).toMatchObject({ programs: [], limits: { rules: 0 } });
    expect(started()).toEqual([]);
  });

  test("whose record was lost keeps what it should have, and what nothing asks for any more goes", async () => {
    const [one, other] = [await add({}), await add({ "pod-qos/dscp": "AF11" })];
    const bare = await stateWith([one, other]);
    for (const each of [one, other]) await callFor(node, each, "ADD", { ...conf, egress: [{ dscp: "EF" }] });
    await callFor(node, other, "DEL", {});
    await callFor(node, other, "ADD", {});
    rmSync(node.path("/run/pod-qos"), { recursive: true });
    await putInChain(node, {});
    const agent = await begin({ ready: false });
    await until("its mark", () => recordOf(other)?.limits?.dscp === 10);
    await until("both are in step", async () => (await agent.metric('pod_qos_pods{state="in_step"}')) === 2);
    const left = async (): Promise<boolean> => (await stateWith([one])).includes("POD-QOS");
    await until("the mark of the one is gone", async () => !(await left()), 20_000);
    expect(await agent.stop()).toContain("removed what a lost record left: ");
    for (const each of [one, other]) await callFor(node, each, "DEL", {});
    expect(withoutQueueLength(await stateWith([one, other]))).toBe(withoutQueueLength(bare));
  });

  test("is undone by a GC that does not list it, and kept by one that does", async () => {
    const [kept, stale] = [await add(), await add()];
    const bare = await stateWith([stale]);
    await putInChain(node, {});
    const agent = await begin({ ready: false });
    await until("their caps", () => [kept, stale].every((one) => egressOf(one) === 10e6));
    await agent.stop();
    const list = [{ containerID: kept.containerId, ifname: "eth0" }];
    const asked = { ...defaultConf, name: NETWORK, "cni.dev/valid-attachments": list };
    succeededSilently(await callPlugin(node, { command: "GC", conf: asked }));
    expect(textOf(stale)).toBeUndefined();
    expect(egressOf(kept)).toBe(10e6);
    await callFor(node, kept, "DEL", {});
    expect(withoutQueueLength(await stateWith([stale]))).toBe(withoutQueueLength(bare));
  });

  test("is adopted where no process lives in it", async () => {
    const empty = await add(capped, { isInhabited: false });
    await putInChain(node, {});
    await begin();
    await until("its cap", () => egressOf(empty) === 10e6);
  });

  test("is adopted as soon as its chain has pod-qos, and one that starts by the old chain as soon as it runs", async () => {
    const early = await add();
    const agent = await begin();
    expect(recordNames(node)).toEqual([]);
    await putInChain(node, {});
    await until("its cap", () => egressOf(early) === 10e6);
    const late = await add();
    // cnitool has put its own chain there.
    await putInChain(node, {});
    await until("the cap of the late one", () => egressOf(late) === 10e6);
    expect(await agent.metric(ADOPTED)).toBe(2);
  });

  test("is left as it is with --no-adopt", async () => {
    const pod = await add();
    await putInChain(node, {});
    await begin({ args: ["--no-api", "--no-adopt"] });
    await sleep(1000);
    expect(textOf(pod)).toBeUndefined();
  });

  test("keeps what it has where what it asks for cannot be, and that is logged and counted", async () => {
    const bad = await add({ "pod-qos/egress-bandwidth": "much" });
    const before = await exactState(node, bad.pod);
    await putInChain(node, {});
    const agent = await begin();
    await until("it is refused", async () => (await agent.metric('pod_qos_pods{state="refused"}')) === 1);
    expect(await exactState(node, bad.pod)).toBe(before);
    expect(await agent.stop()).toMatch(
      /prod\/pod1 eth0: it keeps what it has .*pod-qos\/egress-bandwidth.*much/,
    );
  });

  test("waits for a conf that can be", async () => {
    const pod = await add();
    await putInChain(node, { egressRat: 1 });
    const agent = await begin();
    const refused = 'pod_qos_adoptions_total{result="refused"}';
    await until("it is refused", async () => (await agent.metric(refused)) > 0);
    expect(textOf(pod)).toBeUndefined();
    await putInChain(node, {});
    await until("its cap", () => egressOf(pod) === 10e6);
    expect(await agent.stop()).toMatch(/prod\/pod1 eth0: not adopted yet: .*egressRat/);
  });

  test.each([
    ["address", "ip addr flush dev eth0; ip addr add 10.88.77.77/16 dev eth0"],
    ["interface", "ip link set eth0 down; ip link set eth0 name eth7"],
  ])("is not touched where its namespace has another %s than the cache says", async (_, alter) => {
    const both = [await add(), await add(capped, { isInhabited: false })];
    for (const { pod } of both) await pod.exec("sh", ["-ec", alter]);
    const before = await stateWith(both);
    await putInChain(node, {});
    const agent = await begin();
    const unlike = 'pod_qos_adoptions_total{result="unlike"}';
    await until("they are looked at", async () => (await agent.metric(unlike)) >= 2);
    expect(recordNames(node)).toEqual([]);
    expect(await stateWith(both)).toBe(before);
    expect(await agent.stop()).toMatch(/not adopted: the namespace \/run\/netns\/pod1 is not that of /);
  });

  test("is not taken for another one whose path it has, nor for one that has ended", async () => {
    const [first, second] = [await add(), await add()];
    const text = readFileSync(node.path(second.file), "utf8");
    await second.end();
    // The path leads to the namespace of the first.
    await node.exec("sh", [
      "-ec",
      `touch ${second.pod.netns}; mount --bind ${first.pod.netns} ${second.pod.netns}`,
    ]);
    writeFileSync(node.path(second.file), text);
    const third = await add();
    await third.end();
    await putInChain(node, {});
    const agent = await begin();
    await until("the first", () => egressOf(first) === 10e6);
    await sleep(500);
    expect(recordNames(node)).toHaveLength(1);
    expect(await agent.metric(ADOPTED)).toBe(1);
    await node.exec("umount", [second.pod.netns]);
  });

  test("is not adopted while its DEL goes on", async () => {
    const pod = await add();
    await putInChain(node, {});
    const agent = await begin();
    await until("its cap", () => egressOf(pod) === 10e6);
    const text = readFileSync(node.path(pod.file), "utf8");
    await callFor(node, pod, "DEL", {});
    // The plugins behind us are still at work, and libcni's cache goes last.
    writeFileSync(node.path(pod.file), text);
    await sleep(1000);
    expect(recordNames(node)).toEqual([]);
    expect(await agent.metric(ADOPTED)).toBe(1);
  });

  test("is found in the cache of a Multus that keeps it elsewhere", async () => {
    const pod = await add();
    const other = "/run/multus/results";
    mkdirSync(node.path(other), { recursive: true });
    writeFileSync(node.path(`${other}/podnet-1`), readFileSync(node.path(pod.file)));
    rmSync(node.path(pod.file));
    rmSync(node.path("/etc/cni/net.d/podnet.conflist"));
    const multus = {
      cniVersion: "1.0.0",
      name: "multus-cni-network",
      type: "multus",
      cniDir: "/run/multus",
      delegates: [chains({}).now],
    };
    writeFileSync(node.path("/etc/cni/net.d/00-multus.conf"), JSON.stringify(multus));
    await begin();
    await until("its cap", () => egressOf(pod) === 10e6);
  });
});

const parsed = (text: string | undefined): unknown => JSON.parse(text ?? "null");

const isIdle = async (agent: Agent): Promise<boolean> => (await agent.metric("pod_qos_queue_length")) === 0;

/** The kernel gives a link one with its first qdisc, and never takes it away. */
const withoutQueueLength = (state: string): string => state.replaceAll(/ (?:qlen \d+)?$/gm, "");

const TOOLS = "/run/tools";

/** Tools that were started, but for those that listen to the kernel. */
const recordTools = (node: LabNode): (() => readonly string[]) => {
  mkdirSync(node.path(TOOLS), { recursive: true });
  for (const tool of ["nsenter", "tc", "ip", "iptables-restore", "ip6tables-restore", "ipset", "sh"]) {
    const path = node.path(`${TOOLS}/${tool}`);
    writeFileSync(
      path,
      `#!/bin/sh\necho "${tool} $*" >>${TOOLS}/started\nPATH="\${PATH#${TOOLS}:}" exec ${tool} "$@"\n`,
    );
    chmodSync(path, 0o755);
  }
  return () => {
    const file = node.path(`${TOOLS}/started`);
    const lines = existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
    return lines.filter((line) => !/^(?:tc|ip) monitor/.test(line));
  };
};
