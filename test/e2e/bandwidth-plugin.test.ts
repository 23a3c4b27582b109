/**
 * Every behaviour that the CNI bandwidth plugin's own tests name, so that replacing its "type" by ours just works. Its
 * rates of 8 bit/s are 8 Mbit/s here: what no pod could live with is refused. Its one with traffic is in
 * chain-neighbour.test.ts.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failed, succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import { capsOf } from "../lab/traffic/caps.ts";
import type { LabNode } from "../lab/node/node.ts";
import { paced } from "../lab/traffic/pace.ts";
import { plug, type Plug, type PlugOptions } from "../lab/plugin/plug.ts";
import { leavesNothing, warmNode } from "../lab/plugin/warm-node.ts";

let node: LabNode;
beforeAll(async () => {
  node = await warmNode();
});
afterAll(() => node[Symbol.asyncDispose]());

const ingress = { ingressRate: 8_000_000, ingressBurst: 800_000 } as const;
const egress = { egressRate: 16_000_000, egressBurst: 1_600_000 } as const;
const both = { ...ingress, ...egress } as const;
const applied = {
  ingress: { rate: "8Mbit", burst: "100000b" },
  egress: { rate: "16Mbit", burst: "200000b" },
} as const;

describe.each(paced("cniVersion", ["1.1.0", "1.0.0", "0.4.0", "0.3.1", "0.3.0"], 5))("[%s]", (cniVersion) => {
  /** A pod that lives for one test, with what it did to the node gone again afterwards. */
  const withPod = async (options: PlugOptions, body: (pod: Plug) => Promise<void>): Promise<void> => {
    await leavesNothing(node, async () => {
      const pod = await plug(node, {
        ...options,
        conf: { cniVersion, name: "cni-plugin-bandwidth-test", ...options.conf },
      });
      await body(pod);
      succeededSilently(await pod.call("DEL"));
      await pod.unplug();
      await pod.pod.remove();
    });
  };

  const checks = async (pod: Plug): Promise<void> => {
    if (cniVersion >= "0.4.0") succeededSilently(await pod.call("CHECK"));
  };

  test("cmdADD: works with a veth pair", () =>
    withPod({ conf: both }, async (pod) => {
      expect(JSON.parse(succeeded(await pod.call("ADD")))).toEqual(pod.prevResult);
      expect(await capsOf(pod)).toMatchObject(applied);
      await checks(pod);
    }));

  test("cmdADD: does not apply ingress when disabled", () =>
    withPod({ conf: { ...egress, ingressRate: 0, ingressBurst: 0 } }, async (pod) => {
      succeeded(await pod.call("ADD"));
      expect(await capsOf(pod)).toMatchObject({ ...applied, ingress: undefined });
      await checks(pod);
    }));

  test("cmdADD: does not apply egress when disabled", () =>
    withPod({ conf: { ...ingress, egressRate: 0, egressBurst: 0 } }, async (pod) => {
      succeeded(await pod.call("ADD"));
      expect(await capsOf(pod)).toMatchObject({ ...applied, egress: undefined });
      await checks(pod);
    }));

  test("cmdADD: fails an invalid ingress config, and an invalid egress config", () =>
    withPod({ conf: { ...egress, ingressRate: 0, ingressBurst: 123_000 } }, async (pod) => {
      failed(await pod.call("ADD"), 7, ["ingressBurst", "123000", "ingressRate"]);
      const other = { ingressBurst: 0, egressBurst: 0 };
      failed(await pod.call("ADD", { conf: other }), 7, ["egressRate", "16000000", "egressBurst"]);
      expect(await capsOf(pod)).toEqual({ ingress: undefined, egress: undefined });
    }));

  // Its tests write "bandWidth", and it does not mind.
  test.each(["bandwidth", "bandWidth"])("cmdADD: works with a veth pair using runtime config, %s", (key) =>
    withPod({ conf: { runtimeConfig: { [key]: both } } }, async (pod) => {
      expect(JSON.parse(succeeded(await pod.call("ADD")))).toEqual(pod.prevResult);
      expect(await capsOf(pod)).toMatchObject(applied);
      await checks(pod);
    }),
  );

  test("cmdADD: rates of less than 1 kbit/s in runtime config are held, or refused where the kernel cannot", () => {
    const slow = { ingressRate: 800, ingressBurst: 200, egressRate: 800, egressBurst: 200 };
    return withPod({ conf: { runtimeConfig: { bandWidth: slow } } }, async (pod) => {
      const tooSlow = { runtimeConfig: { bandWidth: { ...slow, egressRate: 8, egressBurst: 8 } } };
      failed(await pod.call("ADD", { conf: tooSlow }), 7, ["runtimeConfig.bandwidth.egressRate", "8 bit/s"]);
      expect(await capsOf(pod)).toEqual({ ingress: undefined, egress: undefined });
      succeeded(await pod.call("ADD"));
      const held = { rate: "800bit", burst: "25b" };
      expect(await capsOf(pod)).toMatchObject({ ingress: held, egress: held });
      await checks(pod);
    });
  });

  test("cmdADD: fails an invalid runtime config: a burst without a rate", () => {
    const half = { ...ingress, egressRate: 0, egressBurst: 123_000 };
    return withPod({ conf: { runtimeConfig: { bandwidth: half } } }, async (pod) => {
      failed(await pod.call("ADD"), 7, ["runtimeConfig.bandwidth.egressBurst", "123000", "egressRate"]);
      expect(await capsOf(pod)).toEqual({ ingress: undefined, egress: undefined });
    });
  });

  test("cmdADD: a runtime's own burst without a rate is no limit and no error", () => {
    const containerd = {
      IngressRate: 8_000_000,
      IngressBurst: 2 ** 32 - 1,
      EgressRate: 0,
      EgressBurst: 2 ** 32 - 1,
    };
    return withPod({ conf: { runtimeConfig: { bandwidth: containerd } } }, async (pod) => {
      succeeded(await pod.call("ADD"));
      expect(await capsOf(pod)).toMatchObject({ ingress: { rate: "8Mbit" }, egress: undefined });
      await checks(pod);
    });
  });

  test("cmdADD: applies static config when both static config and runtime config exist", () => {
    const asked = {
      ingressRate: 1_000_000,
      ingressBurst: 100_000,
      egressRate: 2_000_000,
      egressBurst: 100_000,
    };
    return withPod({ conf: { ...both, runtimeConfig: { bandwidth: asked } } }, async (pod) => {
      succeeded(await pod.call("ADD"));
      expect(await capsOf(pod)).toMatchObject(applied);
    });
  });

  test("cmdADD: a bad static config is an error, whatever the runtime config says", () => {
    const conf = { ingressRate: 0, ingressBurst: 123_000, ...egress, runtimeConfig: { bandwidth: both } };
    return withPod({ conf }, async (pod) => {
      failed(await pod.call("ADD"), 7, ["ingressBurst", "ingressRate"]);
    });
  });

  test("cmdDEL: works with a veth pair", () =>
    withPod({ conf: both }, async (pod) => {
      succeeded(await pod.call("ADD"));
      succeededSilently(await pod.call("DEL"));
      expect(await capsOf(pod)).toEqual({ ingress: undefined, egress: undefined });
    }));

  test("host interface: works with several host veths in prevResult", () =>
    withPod({ conf: both }, async (pod) => {
      await node.exec("ip", ["link", "add", "peer1", "type", "veth", "peer", "name", "peer2"]);
      const mine = [{ name: pod.nodeDevice }, { name: "eth0", sandbox: pod.pod.netns }];
      const prevResult = { ...pod.prevResult, interfaces: [{ name: "peer1" }, { name: "peer2" }, ...mine] };
      succeeded(await pod.call("ADD", { conf: { prevResult } }));
      expect(await capsOf(pod)).toMatchObject({ ...applied, ingress: { device: pod.nodeDevice } });
      if (cniVersion >= "0.4.0") succeededSilently(await pod.call("CHECK", { conf: { prevResult } }));
      await node.exec("ip", ["link", "del", "peer1"]);
    }));

  const unusable: readonly (readonly [string, PlugOptions, (pod: Plug) => object, string])[] = [
    [
      "the container interface has no veth peer",
      { kind: "macvlan" },
      ({ prevResult }) => prevResult,
      "macvlan",
    ],
    ["prevResult has no interfaces", {}, (pod) => ({ ...pod.prevResult, interfaces: [] }), "no interface"],
    [
      "the veth peer does not match any of the host interfaces in prevResult",
      {},
      (pod) => ({
        ...pod.prevResult,
        interfaces: [{ name: "fake" }, { name: "eth0", sandbox: pod.pod.netns }],
      }),
      "fake",
    ],
  ];
  test.each(unusable)(
    'host interface: fails when %s and "enforce" is "host", else caps in the pod',
    (_, options, answer, why) =>
      withPod({ ...options, conf: both }, async (pod) => {
        const conf = { prevResult: answer(pod) };
        failed(await pod.call("ADD", { conf: { ...conf, enforce: "host" } }), 102, ["eth0", why]);
        expect(await capsOf(pod)).toEqual({ ingress: undefined, egress: undefined });
        const added = await pod.call("ADD", { conf });
        expect(added).toMatchObject({ exitCode: 0, error: undefined });
        // A link that is named and not there is worth a warning: the pod can undo its caps.
        expect(added.stderr).toMatch(why === "fake" ? /prevResult names fake on the node/ : /^$/);
        expect(await capsOf(pod)).toMatchObject({
          ingress: { device: expect.stringMatching(/^pq/) },
          egress: { device: "eth0" },
        });
      }),
  );

  const bursts: readonly (readonly [string, object, number])[] = [
    ["just below 4 GiB", { egressRate: 1_000_000_000, egressBurst: 2 ** 35 - 16 }, 0],
    ["4 GiB", { egressRate: 1_000_000_000, egressBurst: 2 ** 35 }, 7],
    ["a burst without a rate", { egressRate: 0, egressBurst: 1000 }, 7],
    ["a rate without a burst", { egressRate: 1000, egressBurst: 0 }, 7],
    ["neither", { egressRate: 0, egressBurst: 0 }, 0],
  ];
  test.each(paced("validating input", bursts, 5))("validating input: %s", (_, conf, code) =>
    withPod({ conf: { ...conf } }, async (pod) => {
      const answer = await pod.call("ADD");
      if (code === 0) succeeded(answer);
      else failed(answer, code, ["egress"]);
    }),
  );
});
