/** What an operator sees of a node: `pod-qos show`, `pod-qos uplink show`, and what `uplink remove` leaves. */
import { rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { suite } from "../lab/node/needs.ts";
import { unwrapped } from "../lab/node/unwrapped.ts";
import { callPlugin, type PluginResult } from "../lab/plugin/plugin.ts";
import { measure } from "../lab/traffic/traffic.ts";
import {
  addedUplinkPod,
  bulkLabel,
  openUplinkSite,
  type UplinkPod,
  type UplinkSite,
} from "../lab/uplink/uplink.ts";

suite("pod-qos show", { plugin: true, tools: ["ipset", "iperf3"] }, () => {
  let site: UplinkSite;
  let bulk: UplinkPod;
  let user: UplinkPod;
  beforeAll(async () => {
    site = await openUplinkSite();
    bulk = await addedUplinkPod(site, {
      name: "bulk",
      labels: bulkLabel,
      annotations: { "kubernetes.io/egress-bandwidth": "20M" },
    });
    user = await addedUplinkPod(site, { name: "a-user-with-a-name-that-is-long" });
  });
  afterAll(() => site.node[Symbol.asyncDispose]());

  const pq = (...argv: readonly string[]): Promise<PluginResult> => callPlugin(site.node, { argv });

  test("fits 80 columns, without colours where there is no terminal, and says what each pod uses", async () => {
    const { pod } = bulk;
    const load = measure({
      from: pod,
      to: site.server,
      address: site.server4,
      seconds: 4,
      congestion: "cubic",
    });
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const { stdout, exitCode } = await pq("show");
    await load;
    expect(exitCode).toBe(0);
    expect(stdout).not.toContain("\u001B");
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    expect(stdout).toMatch(/^prod\/bulk +eth0 +veth +bulk-seed +- +(1\d|20)\.?\d*M\/20M \d+% /m);
    expect(stdout).toMatch(/^prod\/a-user-wit… +eth0 +veth +default +- +\d/m);
    expect(stdout).toMatch(/^eth0 {2}200Mbit\/s, now (1|2)\d\.?\d*M {2}\(conf of podnet\)$/m);
    expect(stdout).toMatch(/├─ 1:10 default +150M +200M/);
    expect(stdout).toMatch(/└─ 1:20 bulk-seed +50M +200M +(1|2)\d\.?\d*M █.* 1 +0$/m);
  });

  test("--json has the same as numbers", async () => {
    const { json } = await pq("show", "--json");
    expect(json).toMatchObject({
      attachments: [
        { pod: "prod/a-user-with-a-name-that-is-long", class: "default", sends: { cap: null }, dropped: 0 },
        { pod: "prod/bulk", class: "bulk-seed", sends: { cap: 20e6, bytes: expect.any(Number) as number } },
      ],
      uplinks: [{ device: "eth0", rate: 200e6, classes: [{ id: "1:10" }, { id: "1:20", pods: 1 }] }],
    });
    expect((await pq("uplink", "show", "--json")).json).toMatchObject([
      { device: "eth0", network: "podnet" },
    ]);
  });

  test("POD shows every kernel object, and exit code 1 when one is not as it should be", async () => {
    const well = await pq("show", "prod/bulk");
    expect(well.exitCode).toBe(0);
    expect(well.stdout).toMatch(/^prod\/bulk eth0\n/);
    expect(well.stdout).toContain("class        bulk-seed of eth0");
    expect(well.stdout).toContain(`member       ${bulk.wire.pod4} in ipset bulkseed-pods`);
    expect(well.stdout).toMatch(/ state +as it should be$/m);
    expect(well.stdout).toMatch(/ so far +sent [\d.]+MB, received [\d.]+[kM]B, dropped \d+ packets$/m);
    await site.node.exec("tc", ["qdisc", "del", "dev", bulk.wire.hostDevice, "clsact"]);
    const unwell = await pq("show", "bulk", "--json");
    expect(unwell.exitCode).toBe(1);
    expect(unwell.json).toMatchObject([
      { drift: expect.arrayContaining([expect.stringContaining("missing")]) as string[] },
    ]);
    expect((await bulk.call("ADD")).exitCode).toBe(0);
    expect((await pq("show", "bulk")).exitCode).toBe(0);
    await site.node.exec("ipset", ["del", "bulkseed-pods", bulk.wire.pod4]);
    expect(await pq("show", "bulk")).toMatchObject({
      exitCode: 1,
      stdout: expect.stringMatching(
        RegExp(`ipset bulkseed-pods lacks\\s+${bulk.wire.pod4.replaceAll(".", "\\.")}`),
      ) as string,
    });
    expect((await bulk.call("ADD")).exitCode).toBe(0);
    expect((await pq("show", "bulk")).exitCode).toBe(0);
  });

  test.each([
    ["tc qdisc del dev eth0 root", "root qdisc htb 1: on eth0 is missing"],
    ["tc class del dev eth0 classid 1:20", "htb class 1:20 on eth0 is missing"],
    ["iptables -t mangle -F", "iptables mangle"],
  ])("tells of an uplink that is not as it should be: %s", async (damage, words) => {
    await site.sh(damage);
    const [pod, uplink] = [await pq("show", "bulk"), await pq("uplink", "show")];
    for (const { stdout, exitCode } of [pod, uplink]) {
      expect(exitCode).toBe(1);
      expect(stdout).toContain("UNHEALTHY");
      expect(unwrapped(stdout)).toContain(words);
    }
    expect((await bulk.call("ADD")).exitCode).toBe(0);
    for (const argv of [
      ["show", "bulk"],
      ["uplink", "show"],
    ])
      expect((await pq(...argv)).exitCode).toBe(0);
  });

  test("uplink restore puts back what is missing, and exits with 0 where it is as its record says", async () => {
    await site.sh(`tc qdisc del dev eth0 root; ipset del bulkseed-pods ${bulk.wire.pod4}`);
    const restored = await pq("uplink", "restore");
    expect([restored.exitCode, restored.stdout]).toEqual([
      0,
      expect.stringMatching(/^restored:\n[^]*qdisc htb 1: on eth0 is missing[^]*was missing$/),
    ]);
    expect(await pq("uplink", "restore", "eth0")).toMatchObject({
      exitCode: 0,
      stdout: "eth0 is as its record says",
    });
  });

  test.each([
    [["show", "nobody"], 1, 'no pod "nobody" on this node'],
    [["show", "--jsno"], 2, "there is no option --jsno"],
    [["show", ""], 1, 'no pod ""'],
    [["show", "bulk", "--watch"], 2, "takes no POD"],
    [["show", "a", "b"], 2, "one POD is enough"],
    [["show", "--interval", "x"], 2, "--interval takes seconds"],
    [["show", "--state-dir=/nowhere"], 1, "no such state directory: /nowhere"],
    [["uplink", "remove", "--state-dir", "/nowhere"], 1, "no such state directory: /nowhere"],
    [["show", "--help"], 0, "Exit code: 0 what was looked at is well"],
    [["uplink"], 2, "uplink show, uplink restore and uplink remove"],
    [["uplink", "--help"], 0, "pod-qos uplink remove"],
    [["uplink", "remove", "--help"], 0, "pod-qos uplink remove [DEVICE]"],
    [["uplink", "show", "eth0"], 2, "it takes options and nothing else"],
  ] as const)("%j ends with %d", async (argv, exitCode, words) => {
    const result = await pq(...argv);
    expect(result.exitCode).toBe(exitCode);
    expect(exitCode === 0 ? result.stdout : result.stderr).toContain(words);
    expect(exitCode === 0 ? result.stderr : result.stdout).toBe("");
  });

  test("a record of another version is told, beside all else that there is", async () => {
    const path = site.node.path("/run/pod-qos/attachments/podnet/later@eth0.json");
    writeFileSync(path, JSON.stringify({ version: 2 }));
    try {
      const { exitCode, stdout } = await pq("show");
      expect(exitCode).toBe(1);
      expect(unwrapped(stdout)).toContain(
        "UNHEALTHY: /run/pod-qos/attachments/podnet/later@eth0.json was written by another version",
      );
      expect(stdout).toContain("prod/bulk");
    } finally {
      rmSync(path);
    }
  });

  test("--watch draws again and again, one JSON line each with --json", async () => {
    const { stdout } = await pq("show", "--watch", "--json", "--interval", "0.2", "--count", "3");
    const frames = stdout.split("\n").map((line) => JSON.parse(line) as object);
    expect(frames).toHaveLength(3);
    expect(frames[2]).toMatchObject({ uplinks: [{ device: "eth0" }] });
  });

  test.each(["../attachments", "attachments/..", "..", ".", ""])(
    "uplink remove %j removes nothing: it is no interface's name",
    async (name) => {
      const before = await site.node.dump();
      expect(await pq("uplink", "remove", name)).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining(JSON.stringify(name)) as string,
      });
      expect(await site.node.dump()).toBe(before);
    },
  );

  test("uplink remove of a device that has none leaves the sets of one that has", async () => {
    await site.sh("iptables -t mangle -F; ip6tables -t mangle -F");
    expect((await pq("uplink", "remove", "eth9")).stdout).toContain("nothing of ours was on eth9");
    expect((await site.node.exec("ipset", ["list", "-name"])).stdout).toContain("bulkseed-pods");
    expect((await bulk.call("ADD")).exitCode).toBe(0);
  });

  test("uplink remove says what it cannot take, and takes it when asked again", async () => {
    const rule = [
      "-t",
      "mangle",
      "INPUT",
      "-m",
      "set",
      "--match-set",
      "bulkseed-pods",
      "src",
      "-j",
      "ACCEPT",
    ];
    const [table, name, ...words] = rule;
    await site.node.exec("iptables", [table ?? "", name ?? "", "-A", ...words]);
    expect(await pq("uplink", "remove")).toMatchObject({
      exitCode: 1,
      stdout: expect.stringMatching(/left, .*\n {2}ipset bulkseed-pods: .*in use/) as string,
    });
    await site.node.exec("iptables", [table ?? "", name ?? "", "-D", ...words]);
    expect(await pq("uplink", "remove")).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("  ipset bulkseed-pods") as string,
    });
    for (const { call } of [bulk, user]) expect((await call("ADD")).exitCode).toBe(0);
  });

  test("uplink remove takes away exactly what is ours", async () => {
    await site.node.exec("sh", [
      "-ec",
      "ipset create theirs hash:ip; iptables -t mangle -A PREROUTING -j MARK --set-mark 0x40",
    ]);
    const removed = await pq("uplink", "remove");
    expect(removed.exitCode).toBe(0);
    expect(removed.stdout).toContain("root qdisc htb 1: on eth0 and its classes");
    expect(removed.stdout).toContain("ipset bulkseed-pods-v6");
    expect((await site.node.exec("tc", ["qdisc", "show", "dev", "eth0"])).stdout).not.toContain("htb");
    expect((await site.node.exec("ipset", ["list", "-name"])).stdout).toBe("theirs");
    expect((await site.node.exec("iptables-save", ["-t", "mangle"])).stdout).toMatch(
      /^-A PREROUTING -j MARK --set-xmark 0x40\/0xffffffff$/m,
    );
    expect((await site.node.exec("iptables-save", ["-t", "mangle"])).stdout).not.toContain("pod-qos");
    // Nothing is left to remove, and nothing was.
    expect((await pq("uplink", "remove", "eth0")).stdout).toContain("nothing of ours was on eth0");
  });
});
