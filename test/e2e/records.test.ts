/** What is kept of a pod: what was asked for it, whether or not it asked for anything. */
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import { exactState, recordNames } from "../lab/node/exact-state.ts";
import type { LabNode } from "../lab/node/node.ts";
import { ended, plug, type Plug } from "../lab/plugin/plug.ts";
import { callPlugin } from "../lab/plugin/plugin.ts";
import { readRecordOf, recordPathOf } from "../lab/plugin/records.ts";
import { allWishes, leavesNothing, ruledWishes, warmNode } from "../lab/plugin/warm-node.ts";

let node: LabNode;
beforeAll(async () => {
  node = await warmNode();
});
afterAll(() => node[Symbol.asyncDispose]());

const leftWithoutRecord = async (pod: Plug): Promise<void> => {
  await ended(pod);
  expect(recordNames(node)).toEqual([]);
};

const annotated = (annotations: Readonly<Record<string, string>>) => ({
  runtimeConfig: { "io.kubernetes.cri.pod-annotations": annotations },
});

const args = "K8S_POD_NAMESPACE=prod;K8S_POD_NAME=web-1;K8S_POD_UID=5f0c1f3e-0000-4000-8000-000000000001";

test("a record says what was asked: conf, capabilities, pod, interfaces, addresses; of annotations those of traffic", async () => {
  await leavesNothing(node, async () => {
    const pod = await plug(node, { conf: allWishes });
    const ours = {
      "kubernetes.io/egress-bandwidth": "5M",
      "pod-qos/dscp": "EF",
      "net1.pod-qos/dscp": "CS1",
      "kubernetes.io/config.hash": "abc",
    };
    const others = { "example.org/token": "secret", "kubernetes.io/psp": "x", "my-pod-qos/dscp": "1" };
    const runtimeConfig = {
      bandwidth: { EgressRate: 5e6, EgressBurst: 4e9 },
      ...annotated({ ...ours, ...others }).runtimeConfig,
    };
    const prevResult = {
      ...pod.prevResult,
      ips: [
        { address: "192.0.2.7/24", interface: 1 },
        { address: "2001:db8::7/64", interface: 1 },
      ],
    };
    succeeded(await pod.call("ADD", { args, conf: { runtimeConfig, prevResult } }));
    const { prevResult: _, ...entry } = pod.conf;
    expect(readRecordOf(pod).asked).toEqual({
      namespace: "prod",
      name: "web-1",
      uid: "5f0c1f3e-0000-4000-8000-000000000001",
      interfaces: [
        { name: pod.nodeDevice, sandbox: "" },
        { name: "eth0", sandbox: pod.pod.netns },
      ],
      addresses: ["192.0.2.7", "2001:db8::7"],
      runtimeConfig: {
        bandwidth: { egressRate: 5e6, egressBurst: 4e9 },
        "io.kubernetes.cri.pod-annotations": ours,
      },
      conf: entry,
    });
    await leftWithoutRecord(pod);
  });
});

test("a pod that asks for nothing has a record too: CHECK is content, show names it only with --all, DEL takes it away", async () => {
  await leavesNothing(node, async () => {
    const pod = await plug(node);
    const before = await exactState(node, pod.pod);
    succeeded(await pod.call("ADD", { args }));
    expect(await exactState(node, pod.pod)).toBe(before);
    expect(readRecordOf(pod)).toMatchObject({ programs: [], asked: { namespace: "prod", name: "web-1" } });
    succeededSilently(await pod.call("CHECK", { args }));
    const show = (...argv: readonly string[]) => callPlugin(node, { argv: ["show", ...argv] });
    expect((await show()).stdout).not.toContain("prod/web-1");
    expect((await show("--all")).stdout).toContain("prod/web-1");
    expect((await show("web-1")).stderr).toContain("no pod");
    succeeded(await pod.call("ADD", { args }));
    await leftWithoutRecord(pod);
  });
});

test("GC takes the record of a pod that asked for nothing, and leaves that of a live one", async () => {
  await leavesNothing(node, async () => {
    const [gone, live] = [await plug(node), await plug(node)];
    for (const pod of [gone, live]) succeeded(await pod.call("ADD"));
    const valid = [{ containerID: live.pod.containerId, ifname: "eth0" }];
    succeededSilently(await live.call("GC", { conf: { "cni.dev/valid-attachments": valid } }));
    expect(recordNames(node)).toEqual([expect.stringContaining(live.pod.containerId)]);
    await gone.unplug();
    await gone.pod.remove();
    await leftWithoutRecord(live);
  });
});

test("an ADD repeated for a pod that asks for nothing any more takes all away but the record", async () => {
  await leavesNothing(node, async () => {
    const pod = await plug(node, { conf: allWishes });
    const before = await exactState(node, pod.pod);
    succeeded(await pod.call("ADD"));
    succeeded(await pod.call("ADD", { conf: { defaults: {} } }));
    expect(await exactState(node, pod.pod)).toBe(before);
    expect(readRecordOf(pod).programs).toEqual([]);
    succeededSilently(await pod.call("CHECK", { conf: { defaults: {} } }));
    const checked = await pod.call("CHECK");
    expect(checked).toMatchObject({ exitCode: 0, stdout: "" });
    expect(checked.stderr).toContain("nothing was requested when it was added; now");
    await leftWithoutRecord(pod);
  });
});

test.each(["CHECK", "ADD", "DEL", "GC"] as const)(
  "a record that does not say what was asked, nor by which version, as 0.1.0 wrote it, serves %s",
  async (verb) => {
    await leavesNothing(node, async () => {
      const pod = await plug(node, { conf: ruledWishes });
      const before = await exactState(node, pod.pod);
      succeeded(await pod.call("ADD"));
      const whole = readRecordOf(pod);
      const { asked: _, build: __, ...former } = whole;
      writeFileSync(recordPathOf(pod), JSON.stringify(former));
      const answer = await pod.call(verb, { conf: { "cni.dev/valid-attachments": [] } });
      if (verb === "ADD") succeeded(answer);
      else succeededSilently(answer);
      if (verb === "ADD") expect(readRecordOf(pod)).toEqual(whole);
      if (verb === "CHECK") expect(readRecordOf(pod)).toEqual(former);
      if (verb === "ADD" || verb === "CHECK") succeededSilently(await pod.call("CHECK"));
      else expect(await exactState(node, pod.pod)).toBe(before);
      await leftWithoutRecord(pod);
    });
  },
);

test("what is too long to be kept is left out and named, and the pod has what it asked for", async () => {
  await leavesNothing(node, async () => {
    const pod = await plug(node);
    const rule = { dscp: 10, classifier: { to: [{ ipBlock: { cidr: "198.51.100.0/24" } }] } };
    const long = JSON.stringify(Array.from({ length: 300 }, () => rule));
    succeeded(await pod.call("ADD", { args, conf: annotated({ "pod-qos/egress": long }) }));
    const { programs, ...rest } = readRecordOf(pod);
    expect(programs).not.toEqual([]);
    expect(rest.asked).toMatchObject({ name: "web-1", conf: { name: "lab" }, leftOut: ["runtimeConfig"] });
    expect(JSON.stringify(rest).length).toBeLessThan(16 * 1024);
    succeededSilently(await pod.call("CHECK", { conf: annotated({ "pod-qos/egress": long }) }));
    await leftWithoutRecord(pod);
  });
});

test.each([
  [
    "read-only",
    "mkdir -p /run/shut; mount -t tmpfs -o ro shut /run/shut",
    "umount /run/shut; rmdir /run/shut",
  ],
  ["a file", "touch /run/shut", "rm /run/shut"],
  [
    "full",
    "mkdir -p /run/shut; mount -t tmpfs -o nr_inodes=1 shut /run/shut",
    "umount /run/shut; rmdir /run/shut",
  ],
])(
  "where the state directory is %s, a pod that asks for nothing starts all the same, with a warning",
  async (_, shut, open) => {
    await node.exec("sh", ["-ec", shut]);
    try {
      await leavesNothing(node, async () => {
        const pod = await plug(node, { conf: { stateDir: "/run/shut" } });
        const { exitCode, stderr } = await pod.call("ADD", { args });
        expect({ exitCode, stderr }).toEqual({
          exitCode: 0,
          stderr: expect.stringMatching(/warn.*prod\/web-1.*\/run\/shut/),
        });
        succeededSilently(await pod.call("CHECK", { args }));
        succeededSilently(await pod.call("DEL", { args }));
        await pod.unplug();
        await pod.pod.remove();
      });
    } finally {
      await node.exec("sh", ["-c", open]);
    }
  },
);
