/**
 * 000-4 The capabilities of the DaemonSet: with all of a container's it does its work on a node whose confs belong to another user and
 * whose iptables is the legacy one, whose runtime names namespaces by processes, and without any single one of them something of that is not done.
 */
import { chownSync, chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { eventually } from "../lab/cluster/eventually.ts";
import { INSTALL } from "../lab/cluster/installed.ts";
import { addUnmanaged, chains, unmanagedNeeds, type Unmanaged } from "../lab/agent/unmanaged.ts";
import { installSite, type InstallSite } from "../lab/install/install-site.ts";
import { putPlugins } from "../lab/install/install-watch.ts";
import { suite } from "../lab/node/needs.ts";
import { pluginPath } from "../lab/node/paths.ts";

type Container = {
  readonly name: string;
  readonly securityContext: {
    readonly capabilities: { readonly drop: readonly string[]; readonly add: readonly string[] };
  };
};

const manifests = ["daemonset.yaml", "uninstall/daemonset.yaml"].map((name) =>
  readFileSync(join(INSTALL, name), "utf8"),
);
const containers = manifests
  .flatMap((text) => parseAllDocuments(text))
  .flatMap((document) => {
    const { containers: run, initContainers } = document.toJS().spec.template.spec as {
      readonly containers: readonly Container[];
      readonly initContainers: readonly Container[];
    };
    return [...initContainers, ...run];
  });
const capabilitiesOf = (name: string): readonly string[] => {
  const { drop, add } = containers.find((one) => one.name === name)?.securityContext.capabilities ?? {
    drop: [],
    add: [],
  };
  if (drop.join() !== "ALL") throw new Error(`${name} keeps capabilities that it does not name`);
  return add;
};

/** What a process has of them that a container starts as root. */
const limitedTo = (capabilities: readonly string[]): readonly string[] => {
  const bounds = capabilities.map((each) => `+${each.toLowerCase()}`);
  return ["setpriv", "--bounding-set", ["-all", ...bounds].join(",")];
};

/** What the DaemonSet does on a node. */
type Done = { readonly conf: boolean; readonly limits: boolean; readonly marks: boolean };

const EVERYTHING = ["conf", "limits", "marks"] as const;

/** What is not done without it. The agent does not follow a conf that has a key which should have gone. */
const LOST: Readonly<Record<string, readonly (keyof Done)[]>> = {
  // nsenter cannot go into the node's mounts.
  SYS_ADMIN: EVERYTHING,
  SYS_CHROOT: EVERYTHING,
  SYS_PTRACE: EVERYTHING,
  NET_ADMIN: ["limits", "marks"],
  NET_RAW: ["marks"],
  DAC_OVERRIDE: EVERYTHING,
  CHOWN: EVERYTHING,
  FOWNER: EVERYTHING,
};

const USER = 1000;
const CONF = "/etc/cni/net.d/10-podnet.conflist";
/** A pod's own is on an ifb of the node. */
const CLASSES = "for link in $(ls /sys/class/net); do tc class show dev $link; done";
/** It marks as well: for that iptables is needed. */
const annotations = { "kubernetes.io/egress-bandwidth": "20M", "pod-qos/dscp": "46" };

suite("the DaemonSet's capabilities", { ...unmanagedNeeds, tools: ["setpriv", "iptables-legacy"] }, () => {
  let site: InstallSite;
  let pod: Unmanaged;
  beforeEach(async () => {
    site = await installSite("nothing");
    const { node } = site;
    for (const tool of ["iptables", "ip6tables"])
      await node.exec("ln", ["-sf", `/usr/sbin/${tool}-legacy`, `/etc/alternatives/${tool}`]);
    for (const tool of ["iptables", "ip6tables"])
      for (const what of ["save", "restore"])
        await node.exec("ln", [
          "-sf",
          `/usr/sbin/${tool}-legacy-${what}`,
          `/etc/alternatives/${tool}-${what}`,
        ]);
    pod = await addUnmanaged(node, chains({}).before, annotations, { isByPid: true });
    await node.exec("sh", ["-c", "rm -f /etc/cni/net.d/*"]);
    putPlugins(site, "bridge");
    // Or install would find the machine's own plugins, and put ours beside them.
    await node.exec("mount", ["-t", "tmpfs", "none", "/usr/lib/cni"]);
    // In the primary's own file, and with a key that goes: the file is to be written anew.
    writeFileSync(node.path(CONF), JSON.stringify(chains({ hologram: true }).now));
    chmodSync(node.path(CONF), 0o640);
    for (const path of [CONF, "/etc/cni/net.d"]) chownSync(node.path(path), USER, USER);
    mkdirSync(node.path("/run/host"));
    await node.exec("mount", ["--rbind", "/", "/run/host"]);
  });
  afterEach(() => site[Symbol.asyncDispose]());

  const isOwnerKept = (): boolean => {
    const { uid, gid, mode } = statSync(site.node.path(CONF));
    return [uid, gid, mode & 0o777].join() === [USER, USER, 0o640].join();
  };
  /** Rewritten, and whose it was. */
  const isConfDone = (): boolean =>
    isOwnerKept() && !readFileSync(site.node.path(CONF), "utf8").includes("hologram");
  const done = async (): Promise<Done> => ({
    conf: isConfDone(),
    limits: (await site.node.exec("sh", ["-c", CLASSES])).stdout.includes("20Mbit"),
    marks: (await pod.pod.exec("iptables-legacy", ["-t", "mangle", "-S"])).stdout.includes("0x2e"),
  });

  const install = (capabilities: readonly string[]) => {
    const [file = "", ...args] = [...limitedTo(capabilities), pluginPath()];
    return site.node.exec(file, [...args, "install", "--root", "/run/host", "--wait"], { reject: false });
  };

  const agentWith = async (capabilities: readonly string[]): Promise<Done> => {
    const { node } = site;
    const into = ["nsenter", "-t", String(node.holderPid), "-m", "--", pluginPath()];
    const [file = "", ...args] = [...limitedTo(capabilities), ...into];
    const running = node.start(file, [...args, "agent", "--install", "--no-api"], { timeoutMs: 120_000 });
    try {
      const look = async (): Promise<true | undefined> =>
        Object.values(await done()).every(Boolean) || undefined;
      await eventually("all of it", look, { withinMs: 10_000, everyMs: 300 }).catch(() => undefined);
      return await done();
    } finally {
      running.kill("SIGKILL");
      await running.done;
    }
  };

  const uninstall = (capabilities: readonly string[]) => {
    const [file = "", ...args] = [...limitedTo(capabilities), pluginPath()];
    return site.node.exec(file, [...args, "uninstall", "--root", "/run/host", "--reloaded"], {
      reject: false,
    });
  };
  /** What is left of what the agent had done. */
  const left = async (): Promise<Done> => {
    const { limits, marks } = await done();
    return {
      conf: readFileSync(site.node.path(CONF), "utf8").includes("pod-qos") || !isOwnerKept(),
      limits,
      marks,
    };
  };

  describe("install", () => {
    const all = capabilitiesOf("install");
    test("with all of them it does its work", async () => {
      expect(await install(all)).toMatchObject({ exitCode: 0 });
      expect(isConfDone()).toBe(true);
    });

    test.each(all)("without %s it fails", async (without) => {
      expect(await install(all.filter((each) => each !== without))).toMatchObject({ exitCode: 1 });
      expect(isConfDone()).toBe(false);
    });
  });

  describe("the agent", () => {
    const all = capabilitiesOf("agent");
    test("with all of them it does its work", async () => {
      expect(await agentWith(all)).toEqual({ conf: true, limits: true, marks: true });
    });

    test("each is in the table", () => {
      expect(Object.keys(LOST).toSorted()).toEqual([...all].toSorted());
    });

    test.each(all)("without %s it does not do all of it", async (without) => {
      const now = await agentWith(all.filter((each) => each !== without));
      const lost = Object.entries(now).flatMap(([what, isDone]) => (isDone ? [] : [what]));
      expect(lost).toEqual(LOST[without]);
    });
  });

  describe("uninstall", () => {
    const all = capabilitiesOf("uninstall");
    const everything = [...new Set(["agent", "install"].flatMap(capabilitiesOf))];
    beforeEach(async () => {
      expect(await agentWith(everything)).toEqual({ conf: true, limits: true, marks: true });
    });

    test("with all of them nothing is left", async () => {
      expect(await uninstall(all)).toMatchObject({ exitCode: 0, stderr: "" });
      expect(await left()).toEqual({ conf: false, limits: false, marks: false });
    });

    test.each(all)("without %s something is left", async (without) => {
      await uninstall(all.filter((each) => each !== without));
      expect(Object.values(await left())).toContain(true);
    });
  });
});
