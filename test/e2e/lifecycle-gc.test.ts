/** GC: what the runtime does not list is undone, what it lists is not touched, and a missing list is no empty one. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ifbOf } from "../../plugin/datapath/shaper.ts";
import { failed, succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import { exactState, recordNames } from "../lab/node/exact-state.ts";
import type { LabNode } from "../lab/node/node.ts";
import { callPlugin, type PluginResult } from "../lab/plugin/plugin.ts";
import { defaultConf, plug, type Plug } from "../lab/plugin/plug.ts";
import { allWishes, leavesNothing, warmNode } from "../lab/plugin/warm-node.ts";

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

const gone = async (...pods: readonly Plug[]): Promise<void> => {
  for (const pod of pods) {
    await pod.unplug();
    await pod.pod.remove();
  }
};

const gc = (conf: object): Promise<PluginResult> =>
  callPlugin(node, { command: "GC", conf: { ...defaultConf, ...conf } });

const listing = (...pods: readonly Plug[]): object => {
  const list = pods.map(({ pod, ifname }) => ({ containerID: pod.containerId, ifname }));
  // libcni adds the second key, which is a mistake of its own.
  return { "cni.dev/valid-attachments": list, "cni.dev/attachments": list };
};

describe("GC with a list", () => {
  test("keeps what is listed and undoes the rest, whether or not its netns is still there", async () => {
    await leavesNothing(node, async () => {
      const [kept, stale, dead] = [await added(), await added(), await added()];
      const before = await exactState(node, kept.pod);
      await gone(dead);
      succeededSilently(await gc(listing(kept)));
      expect(recordNames(node)).toEqual([expect.stringContaining(kept.pod.containerId)]);
      succeededSilently(await kept.call("CHECK"));
      expect(linesOf(await exactState(node, kept.pod), kept)).toEqual(linesOf(before, kept));
      succeededSilently(await kept.call("DEL"));
      await gone(kept, stale);
    });
  });

  test("that is empty undoes all of this network and nothing of another", async () => {
    await leavesNothing(node, async () => {
      const [mine, theirs] = [await added(), await added({ name: "other" })];
      succeededSilently(await gc(listing()));
      expect(recordNames(node)).toEqual([expect.stringContaining("attachments/other/")]);
      succeededSilently(await theirs.call("CHECK"));
      succeededSilently(await theirs.call("DEL"));
      await gone(mine, theirs);
    });
  });

  test("that names the container on another interface only does not keep it", async () => {
    await leavesNothing(node, async () => {
      const pod = await added();
      const list = [{ containerID: pod.pod.containerId, ifname: "net1" }];
      succeededSilently(await gc({ "cni.dev/valid-attachments": list }));
      expect(recordNames(node)).toEqual([]);
      await gone(pod);
    });
  });

  test("twice, and on a node that never had a pod of ours, has nothing to do", async () => {
    await leavesNothing(node, async () => {
      succeededSilently(await gc(listing()));
      succeededSilently(await gc({ ...listing(), stateDir: "/run/never" }));
    });
  });
});

describe("GC without a list", () => {
  const lists: readonly (readonly [string, object])[] = [
    ["no key, as cnitool calls it", {}],
    ["null", { "cni.dev/valid-attachments": null }],
    ["no array", { "cni.dev/valid-attachments": "all" }],
  ];
  test.each(lists)("touches no live pod, and takes up what is dead: %s", async (_, list) => {
    await leavesNothing(node, async () => {
      const [live, dead] = [await added(), await added()];
      await gone(dead);
      succeededSilently(await gc(list));
      expect(recordNames(node)).toEqual([expect.stringContaining(live.pod.containerId)]);
      succeededSilently(await live.call("CHECK"));
      succeededSilently(await live.call("DEL"));
      await gone(live);
    });
  });
});

describe("GC of a network that was renamed", () => {
  test.each([
    ["with a list", listing()],
    ["with none", {}],
  ])("%s undoes what died under the old name, and keeps what lives under another", async (_, conf) => {
    await leavesNothing(node, async () => {
      const [dead, living] = [await added({ name: "former" }), await added({ name: "other" })];
      await gone(dead);
      succeededSilently(await gc(conf));
      expect(recordNames(node)).toEqual([expect.stringContaining("attachments/other/")]);
      succeededSilently(await living.call("CHECK"));
      succeededSilently(await living.call("DEL"));
      await gone(living);
    });
  });
});

/** As an ADD on a kernel without act_police leaves it; made by hand, so that every kernel has it. */
const strayIfb = async (network: string): Promise<string> => {
  const { name, alias } = ifbOf({ network, containerId: "c-lost", ifname: "eth0" }, 1500);
  await node.exec("ip", ["link", "add", name, "type", "ifb"]);
  await node.exec("ip", ["link", "set", name, "alias", alias]);
  return name;
};
const links = async (): Promise<string> => (await node.exec("ip", ["-br", "link"])).stdout;

describe("GC of what has no record", () => {
  test("an ifb whose alias says it is of this network is deleted", async () => {
    await leavesNothing(node, async () => {
      const name = await strayIfb("lab");
      expect(await links()).toContain(name);
      succeededSilently(await gc(listing()));
      expect(await links()).not.toContain(name);
    });
  });

  test("an ifb of another network, or one of somebody else's, is left alone", async () => {
    const name = await strayIfb("other");
    succeededSilently(await gc(listing()));
    expect(await links()).toContain(name);
    await node.exec("ip", ["link", "set", name, "alias", "mine"]);
    succeededSilently(await gc(listing()));
    expect(await links()).toContain(name);
    await node.exec("ip", ["link", "del", name]);
  });

  test("a record that is torn counts as an attachment", async () => {
    await leavesNothing(node, async () => {
      const pod = await added();
      const [name = ""] = recordNames(node);
      await node.exec("sh", ["-c", `printf '{"vers' >/run/pod-qos/${name}`]);
      succeededSilently(await gc(listing()));
      expect(recordNames(node)).toEqual([]);
      await gone(pod);
    });
  });
});

describe("GC that cannot undo an attachment", () => {
  test("goes on with the others, reports it by name, and finishes when it can", async () => {
    await leavesNothing(node, async () => {
      const [bad, good] = [await added(), await added()];
      await gone(good);
      await node.exec("mount", ["--bind", "/run/pod-qos/attachments/lab", "/run/pod-qos/attachments/lab"]);
      await node.exec("mount", ["-o", "remount,ro,bind", "/run/pod-qos/attachments/lab"]);
      failed(await gc(listing()), 100, [bad.pod.containerId, good.pod.containerId]);
      await node.exec("umount", ["/run/pod-qos/attachments/lab"]);
      succeededSilently(await gc(listing()));
      await gone(bad);
    });
  });
});

/** The lines of the node's state that speak of this pod. */
const linesOf = (state: string, { nodeDevice }: Plug): readonly string[] =>
  state.split("\n").filter((line) => line.includes(nodeDevice));

describe("a pod that got the namespace of one that ended without DEL, as the kernel numbers them anew", () => {
  const conf = { ...allWishes, enforce: "pod" } as const;
  const heir = { containerId: "heir" } as const;
  const inherited = async (): Promise<Plug> => {
    const pod = await plug(node, { conf });
    succeeded(await pod.call("ADD"));
    await pod.pod.exec("sh", ["-ec", FRESH]);
    succeeded(await pod.call("ADD", heir));
    return pod;
  };

  test.each(["GC", "DEL"] as const)("keeps its limits when %s comes for the former", async (verb) => {
    await leavesNothing(node, async () => {
      const pod = await inherited();
      const before = await exactState(node, pod.pod);
      const list = [{ containerID: heir.containerId, ifname: "eth0" }];
      if (verb === "GC") succeededSilently(await gc({ "cni.dev/valid-attachments": list }));
      else succeededSilently(await pod.call("DEL"));
      expect(await exactState(node, pod.pod)).toBe(before);
      succeededSilently(await pod.call("CHECK", heir));
      succeededSilently(await pod.call("DEL", heir));
      expect(recordNames(node)).toEqual([]);
      expect(await exactState(node, pod.pod)).not.toContain("905:");
      await gone(pod);
    });
  });

  test("is what counts for a GC without a list", async () => {
    await leavesNothing(node, async () => {
      const pod = await inherited();
      succeededSilently(await gc({}));
      expect(recordNames(node)).toEqual([expect.stringContaining("heir@eth0")]);
      succeededSilently(await pod.call("CHECK", heir));
      succeededSilently(await pod.call("DEL", heir));
      await gone(pod);
    });
  });
});

/** A new namespace has nothing of the former's. */
const FRESH = `
tc qdisc del dev eth0 root
tc qdisc del dev eth0 clsact
iptables -t mangle -F; iptables -t mangle -X
ip6tables -t mangle -F; ip6tables -t mangle -X
for ifb in /sys/class/net/pq*; do ip link del "\${ifb##*/}"; done
`;
