/**
 * Plugins in Go take a key in any case, the bandwidth plugin among them: whoever changes its "type" to ours keeps the limits
 * that he had, or is told which key is wrong. What is written twice is refused.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failed, succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import { capsOf } from "../lab/traffic/caps.ts";
import type { LabNode } from "../lab/node/node.ts";
import { callPlugin, type PluginResult } from "../lab/plugin/plugin.ts";
import { plug, type Plug } from "../lab/plugin/plug.ts";
import { leavesNothing, warmNode } from "../lab/plugin/warm-node.ts";

let node: LabNode;
beforeAll(async () => {
  node = await warmNode();
});
afterAll(() => node[Symbol.asyncDispose]());

type Conf = Readonly<Record<string, unknown>>;

const both = {
  IngressRate: 8_000_000,
  INGRESSBURST: 800_000,
  egressrate: 16_000_000,
  EGRESSburst: 1_600_000,
};
const applied = {
  ingress: { rate: "8Mbit", burst: "100000b" },
  egress: { rate: "16Mbit", burst: "200000b" },
};

/** Exactly what is said, and nothing of the lab's own. */
const call = (
  command: "ADD" | "CHECK" | "DEL",
  { pod, ifname }: Plug,
  conf: Conf | string,
): Promise<PluginResult> =>
  callPlugin(node, { command, conf, containerId: pod.containerId, netns: pod.netns, ifname });

const withPod = (body: (pod: Plug) => Promise<void>): Promise<void> =>
  leavesNothing(node, async () => {
    const pod = await plug(node);
    await body(pod);
    await pod.unplug();
    await pod.pod.remove();
  });

const head = { cniVersion: "1.0.0", name: "lab", type: "pod-qos" };
/** As the primary plugin would say it, in letters of its own choice. */
const resultOf = (pod: Plug): Conf => ({
  IPs: [{ Address: "192.0.2.7/24", INTERFACE: 1 }],
  INTERFACES: [{ NAME: pod.nodeDevice }, { Name: pod.ifname, SandBox: pod.pod.netns }],
});

describe("a limit whose keys are in another case is held", () => {
  const rows: readonly (readonly [string, (pod: Plug) => Conf])[] = [
    ["static caps", (pod) => ({ ...head, ...both, prevResult: pod.prevResult })],
    [
      '"bandWidth", as in the conflists of the CNI plugins\' own suite',
      (pod) => ({ ...head, runtimeConfig: { bandWidth: both }, prevResult: pod.prevResult }),
    ],
    [
      '"RUNTIMECONFIG"',
      (pod) => ({ ...head, RUNTIMECONFIG: { Bandwidth: both }, prevResult: pod.prevResult }),
    ],
    [
      "all there is",
      (pod) => ({
        CNIVersion: "1.0.0",
        Name: "lab",
        TYPE: "pod-qos",
        RuntimeConfig: { BANDWIDTH: both },
        PREVRESULT: resultOf(pod),
      }),
    ],
  ];
  test.each(rows)("%s", (_, confOf) =>
    withPod(async (pod) => {
      const conf = confOf(pod);
      const result = JSON.parse(succeeded(await call("ADD", pod, conf))) as object;
      const previous = conf["prevResult"] ?? conf["PREVRESULT"];
      expect(result).toEqual({ ...(previous as object), cniVersion: "1.0.0" });
      // By its node's end: the interfaces of prevResult were read as well.
      expect(await capsOf(pod)).toMatchObject({
        ...applied,
        ingress: { ...applied.ingress, device: pod.nodeDevice },
      });
      succeededSilently(await call("CHECK", pod, conf));
      succeededSilently(await call("DEL", pod, conf));
      expect(await capsOf(pod)).toEqual({ ingress: undefined, egress: undefined });
    }),
  );
});

describe("a key that is written twice is refused by name, and keeps no pod from its end", () => {
  const rows: readonly (readonly [string, (previous: string) => string, readonly string[]])[] = [
    [
      "in two cases",
      (previous) => `{"egressRate":9000000,"EgressRate":8000000,${previous}`,
      ['"EgressRate"'],
    ],
    [
      "in two cases, within runtimeConfig",
      (previous) => `{"runtimeConfig":{"bandwidth":{},"bandWidth":{"egressRate":8000000}},${previous}`,
      ['"runtimeConfig.bandWidth"', '"runtimeConfig.bandwidth"'],
    ],
    [
      "in the same case, the limit in the first",
      (previous) =>
        `{"runtimeConfig":{"bandwidth":{"egressRate":8000000}},"runtimeConfig":{"dns":{}},${previous}`,
      ['"runtimeConfig"', "twice"],
    ],
    [
      "in another case, where a runtime writes its own beside it",
      (previous) =>
        `{"RuntimeConfig":{"bandwidth":{"egressRate":8000000}},"runtimeConfig":{"dns":{}},${previous}`,
      ['"RuntimeConfig"'],
    ],
  ];
  test.each(rows)("%s", (_, textOf, named) =>
    withPod(async (pod) => {
      const text = textOf(
        JSON.stringify({ ...head, egressBurst: 800_000, prevResult: pod.prevResult }).slice(1),
      );
      failed(await call("ADD", pod, text), 7, named);
      failed(await call("CHECK", pod, text), 7, named);
      expect(await capsOf(pod)).toEqual({ ingress: undefined, egress: undefined });
      succeededSilently(await call("DEL", pod, text));
    }),
  );
});

const gc = (conf: Conf): Promise<PluginResult> => callPlugin(node, { command: "GC", conf });

describe("GC", () => {
  const gcHead = { CNIVERSION: "1.1.0", NAME: "lab", type: "pod-qos" };

  test("reads the list of live attachments in any case, and takes no list for two", () =>
    withPod(async (pod) => {
      const conf = { ...head, ...both, prevResult: pod.prevResult };
      succeeded(await call("ADD", pod, conf));
      const mine = [{ ContainerID: pod.pod.containerId, IFNAME: pod.ifname }];
      succeededSilently(await gc({ ...gcHead, "CNI.dev/valid-attachments": mine }));
      succeededSilently(await call("CHECK", pod, conf));
      const two = { "cni.dev/valid-attachments": [], "cni.dev/Valid-Attachments": mine };
      failed(await gc({ ...gcHead, ...two }), 7, ['"cni.dev/Valid-Attachments"']);
      succeededSilently(await call("CHECK", pod, conf));
      succeededSilently(await gc({ ...gcHead, "CNI.dev/valid-attachments": [] }));
      expect(await capsOf(pod)).toEqual({ ingress: undefined, egress: undefined });
    }));
});

test("a runtimeConfig that nobody knows is a typo, not a pod without limits", () =>
  withPod(async (pod) => {
    const conf = { ...head, runtimeConfig: { bandwith: both }, prevResult: pod.prevResult };
    failed(await call("ADD", pod, conf), 7, ['"runtimeConfig.bandwith"', "bandwidth"]);
    succeededSilently(await call("DEL", pod, conf));
  }));
