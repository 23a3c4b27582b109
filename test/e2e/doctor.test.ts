/** `pod-qos doctor`: what is broken on a node is found by its id, nothing else is, and the mend works as it is printed. */
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { startAgent, until, type Agent } from "../lab/agent/agent.ts";
import { startContainerd, type Containerd } from "../lab/node/containerd.ts";
import {
  askDoctor,
  askOnceRead,
  capabilities,
  conflist,
  makeWell,
  ours,
  portmap,
  putConf,
} from "../lab/install/doctor.ts";
import { below, broken, onlyTold, primary } from "../lab/install/doctor-breaks.ts";
import { addPacedLink } from "../lab/node/link-speed.ts";
import { crowding } from "../lab/measure/machine.ts";
import { suite } from "../lab/node/needs.ts";
import { pluginPath } from "../lab/node/paths.ts";
import { callPlugin } from "../lab/plugin/plugin.ts";
import { addedUplinkPod, openUplinkSite, type UplinkSite } from "../lab/uplink/uplink.ts";

const agentPid = async ({ sh }: UplinkSite): Promise<string> =>
  (await sh("sed -E 's/.*\"pid\":([0-9]+).*/\\1/' /run/pod-qos/live/agent.json")).trim();

suite("pod-qos doctor", { plugin: true, tools: ["busybox", "ipset", "containerd"] }, () => {
  let site: UplinkSite;
  let containerd: Containerd;
  beforeAll(async () => {
    site = await openUplinkSite();
    makeWell(site);
    containerd = await startContainerd(site.node);
  });
  afterAll(() => site.node[Symbol.asyncDispose]());
  beforeEach(() => makeWell(site));

  test("says nothing but √ of a node on which all is well, within a second", async () => {
    const { node } = site;
    const pod = await addedUplinkPod(site, { name: "well" });
    await askOnceRead(node);
    const began = performance.now();
    const { exitCode, stdout } = await callPlugin(node, { plugin: pluginPath(), argv: ["doctor"] });
    expect(performance.now() - began).toBeLessThan(1000 * (await crowding()));
    expect(stdout).toMatch(/^node\n----\n√ /);
    expect(stdout.split("\n").filter((line) => /^[‼×]/.test(line))).toEqual([]);
    expect(stdout).toMatch(/\n(\d+) checks: \1 √, 0 ‼, 0 ×$/);
    expect(exitCode).toBe(0);
    await pod.call("DEL");
  });

  test.each(broken)(
    "finds $id alone where $what, and is content once it is mended",
    async ({ id, how, undo }) => {
      try {
        await how(site);
        const found = await askOnceRead(site.node, id);
        expect(found.ids).toEqual([id]);
        expect(found.exitCode).toBe(1);
        const { mend = "" } = found.of(id);
        expect(mend).not.toBe("");
        await site.sh(mend);
        const after = await askOnceRead(site.node);
        expect(after.ids, mend).toEqual([]);
        expect(after.exitCode).toBe(0);
      } finally {
        await undo?.(site);
      }
    },
  );

  test.each(onlyTold)("finds $id alone where $what", async ({ id, how, mend, undo }) => {
    await how(site);
    try {
      const found = await askOnceRead(site.node);
      expect(found.ids).toEqual([id]);
      expect(found.of(id).mend).toBe(mend);
    } finally {
      await undo?.(site);
    }
  });

  test("finds a conf directory without a conf, and one that is not there", async () => {
    const empty = await askDoctor(site.node, "--conf-dir", "/opt/cni");
    expect([empty.ids, empty.exitCode]).toEqual([["runtime-directories", "chain-conf"], 1]);
    const absent = await askDoctor(site.node, "--conf-dir", "/nowhere");
    expect([absent.ids, absent.exitCode]).toEqual([["runtime-directories", "chain-conf"], 2]);
  });

  test("with --root looks below it, and its mends write there", async () => {
    const { node, sh } = site;
    // Private: `ip netns` shares its directory, and what is unmounted here would be unmounted there.
    await sh("mkdir -p /run/host && mount --rbind / /run/host && mount --make-rprivate /run/host");
    try {
      expect(await askDoctor(node, "--root", "/run/host")).toMatchObject({ ids: [], exitCode: 0 });
      putConf(node, "10-flannel.conflist", primary);
      const found = await askOnceRead(node, undefined, "--root", "/run/host");
      expect(found.ids).toEqual(["chain-missing"]);
      expect(found.of("chain-missing").mend).toContain("install --root /run/host --conf-dir /etc/cni/net.d");
      await sh(found.of("chain-missing").mend ?? "");
      expect((await askOnceRead(node, undefined, "--root", "/run/host")).ids).toEqual([]);
    } finally {
      await sh("umount -l /run/host");
    }
  });

  test.each([
    [["--root", "host"], "--root takes an absolute path"],
    [["--jsno"], "--jsno"],
  ])("%j are wrong arguments", async (argv, words) => {
    const { exitCode, stderr } = await callPlugin(site.node, { argv: ["doctor", ...argv] });
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(words)]);
  });

  test("to somebody who is not root it says that it takes root", async () => {
    const { exitCode, stderr } = await site.node.exec(
      "setpriv",
      ["--reuid", "65534", "--clear-groups", pluginPath(), "doctor"],
      {
        reject: false,
      },
    );
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining("it takes root")]);
  });

  test("knows the speed of a link, and which classes it cannot hold", async () => {
    await addPacedLink(site.node, "slow0", 100);
    try {
      putConf(site.node, "10-flannel.conflist", conflist(portmap, below("200M", "80M", "slow0")));
      const found = await askOnceRead(site.node);
      expect(found.ids).toEqual(["uplink-speed"]);
      const { result, error, mend = "" } = found.of("uplink-speed");
      expect([result, error]).toEqual(["warning", expect.stringContaining("guaranteed 160M")]);
      await site.sh(mend);
      expect((await askOnceRead(site.node)).ids).toEqual([]);
    } finally {
      await site.sh("ip link del slow0");
    }
  });

  test("finds an agent that is away, and its mend starts one", async () => {
    const { node, sh } = site;
    const agent: Agent = await startAgent(node);
    const beside = await askDoctor(node);
    expect(beside.ids, JSON.stringify(beside.ids.map(beside.of))).toEqual([]);
    await agent.kill();
    const found = await askDoctor(node);
    expect(found.ids).toEqual(["agent-running"]);
    await sh(found.of("agent-running").mend ?? "");
    await until("doctor is content", async () => (await askDoctor(node)).ids.length === 0, 15_000);
    putConf(node, "10-flannel.conflist", conflist(portmap, { ...ours, agent: "required" }));
    await sh(`kill ${await agentPid(site)}`);
    const isAway = async (): Promise<boolean> =>
      (await askDoctor(node)).of("agent-running").result === "error";
    await until("doctor says that no pod starts", isAway, 5_000);
  });

  test("finds an agent of another version, and its mend puts one of the plugin's version in its place", async () => {
    const { node, sh } = site;
    const path = node.path("/run/other-pod-qos");
    writeFileSync(path, readFileSync(pluginPath(), "latin1").replaceAll("0.1.0", "0.0.9"), "latin1");
    chmodSync(path, 0o755);
    await startAgent(node, { command: ["/run/other-pod-qos"] });
    const found = await askOnceRead(node);
    expect([found.ids, found.exitCode]).toEqual([["agent-version"], 1]);
    const { result, error, mend = "" } = found.of("agent-version");
    expect([result, error]).toEqual(["warning", expect.stringContaining("the agent is 0.0.9")]);
    await sh(mend);
    await until("doctor is content", async () => (await askDoctor(node)).ids.length === 0, 15_000);
    await sh(`kill ${await agentPid(site)}`);
  });

  test("says that nothing is known of a runtime that is away", async () => {
    await containerd.stop();
    const gone = await askDoctor(site.node);
    expect([gone.ids, gone.exitCode]).toEqual([["runtime-answers"], 2]);
    expect(gone.of("runtime-answers").mend).toBe("systemctl restart containerd");
    const other = await askDoctor(site.node, "--runtime-socket", "/run/nobody.sock");
    expect([other.ids, other.exitCode]).toEqual([["runtime-answers"], 2]);
    containerd = await startContainerd(site.node);
    expect((await askDoctor(site.node, "--runtime-socket", "/run/containerd/containerd.sock")).ids).toEqual(
      [],
    );
  });

  test("declares both capabilities in what it writes", async () => {
    putConf(site.node, "10-flannel.conflist", primary);
    await site.sh((await askOnceRead(site.node)).of("chain-missing").mend ?? "");
    const written = JSON.parse(await site.sh("cat /etc/cni/net.d/09-pod-qos.conflist")) as {
      plugins: object[];
    };
    expect(written).toMatchObject({ name: "podnet", cniVersion: "1.0.0" });
    expect(written.plugins.at(-1)).toEqual({ type: "pod-qos", capabilities });
  });
});
