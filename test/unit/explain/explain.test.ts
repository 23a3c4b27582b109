import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Explanation } from "../../../plugin/cli/explain/explanation.ts";
import { writeTurn } from "../../../plugin/state/live/agent.ts";
import { assertLivePlace } from "../../../plugin/state/live/place.ts";
import { writeKnownPod } from "../../../plugin/state/live/pods.ts";
import { writeSnapshot } from "../../../plugin/state/live/snapshot.ts";
import { apiObject, marking, snapshotOf } from "../support/api.ts";
import { podQos } from "../support/command-line.ts";
import { egressQos, networkQos } from "../support/manifests.ts";

const root = mkdtempSync(join(tmpdir(), "pod-qos-explain-"));
const file = (name: string) => join(root, name);
const stateDir = file("state");
const conflist = file("10-flannel.conflist");
const podFile = file("pod.yaml");

beforeAll(() => {
  mkdirSync(file("policies"));
  const internet = { ipBlock: { cidr: "0.0.0.0/0", except: ["10.11.12.13/32", "172.16.0.0/12"] } };
  const egress = [
    { dscp: 20, bandwidth: { rate: 20000, burst: 100 }, classifier: { to: [internet] } },
    { dscp: 21 },
  ];
  const labelled = { matchLabels: { app: "web" } };
  writeFileSync(file("policies/a.json"), networkQos({ podSelector: labelled, egress }));
  writeFileSync(
    file("policies/b.json"),
    networkQos({ name: "other", podSelector: { matchLabels: { app: "db" } } }),
  );
  writeFileSync(file("policies/c.json"), egressQos([{ dscp: 5, dstCIDR: "10.11.12.0/24" }]));
  const ours = {
    capabilities: { bandwidth: true, "io.kubernetes.cri.pod-annotations": true },
    type: "pod-qos",
    policyDir: file("policies"),
    stateDir,
    defaults: { egressBandwidth: "1G" },
  };
  const plugins = [{ type: "flannel" }, ours];
  writeFileSync(conflist, JSON.stringify({ cniVersion: "1.0.0", name: "cbr0", plugins }));
  writeFileSync(file("deployment.json"), JSON.stringify({ kind: "Deployment", metadata: { name: "d" } }));
  writeFileSync(file("entry.json"), JSON.stringify(ours));
  const withLabels = { ...ours, args: { cni: { labels: [{ key: "app", value: "web" }] } } };
  writeFileSync(file("labelled.json"), JSON.stringify(withLabels));
  writeFileSync(file("two.conflist"), JSON.stringify({ plugins: [ours, ours] }));
  writeFileSync(
    podFile,
    `kind: Pod
metadata:
  name: web-1
  namespace: default
  labels: { app: web }
  annotations:
    pod-qos/egress-bandwidth: 50M
    kubernetes.io/egress-bandwidth: 10M
    net1.pod-qos/dscp: EF
    kubernetes.io/ingres-bandwidth: 10M
`,
  );
});
afterAll(() => rmSync(root, { recursive: true }));

const hearing = { bandwidth: true, "io.kubernetes.cri.pod-annotations": true };

type Outcome = { readonly exitCode: number; readonly text: string };

async function run(...args: readonly string[]): Promise<Outcome> {
  const { exitCode, stdout, stderr } = await podQos("explain", ...args);
  // What is wrong with the command line is no answer.
  expect(exitCode === 2 ? stdout : stderr).toBe("");
  return { exitCode, text: stdout + stderr };
}

async function json(...args: readonly string[]): Promise<Explanation> {
  const { text } = await run(...args, "--json");
  return JSON.parse(text) as Explanation;
}

describe("explain of a pod", () => {
  const web = ["--conf", conflist, "--pod", podFile];

  it("tells each wish and where it was found, those that lost as well", async () => {
    const { wishes } = await json(...web);
    expect(wishes).toEqual([
      {
        about: "egress cap",
        source: "annotation pod-qos/egress-bandwidth",
        value: "50 Mbit/s",
        outcome: "counts",
      },
      {
        about: "egress cap",
        source: "annotation kubernetes.io/egress-bandwidth",
        value: "10 Mbit/s",
        outcome: "outranked",
      },
      { about: "egress cap", source: "defaults.egressBandwidth", value: "1 Gbit/s", outcome: "outranked" },
      { about: "discipline", source: "discipline", value: "shape", outcome: "counts" },
      {
        about: "mark for the rest",
        source: "annotation net1.pod-qos/dscp",
        value: "EF",
        outcome: "for another interface",
      },
    ]);
  });

  it("tells the rules in the order they are tried, and which manifests speak of other pods", async () => {
    const { rules, passedOver } = await json(...web);
    expect(rules).toEqual([
      {
        source: "NetworkQoS default/video egress[0] (a.json)",
        matches: "to 0.0.0.0/0 except 10.11.12.13/32, 172.16.0.0/12",
        does: "mark 20, limit to 20 Mbit/s (burst 100 kbit, police)",
      },
      { source: "NetworkQoS default/video egress[1] (a.json)", matches: "every packet", does: "mark 21" },
      { source: "EgressQoS default/default egress[0] (c.json)", matches: "to 10.11.12.0/24", does: "mark 5" },
    ]);
    expect(passedOver).toEqual(["NetworkQoS default/other (b.json): its podSelector does not match"]);
  });

  it.each([
    ["192.0.2.1", ["--port", "443"], 0, "TCP"],
    ["10.11.12.13", [], 1, "ICMP"],
    ["172.16.5.5", ["--proto", "udp", "--port", "53"], 1, "UDP"],
    ["2001:db8::1", ["--from", "2001:db8::2"], 1, "ICMP"],
  ])("002-19 tells which rule decides for %s %j", async (to, flags, rule, protocol) => {
    expect((await json(...web, "--to", to, ...flags)).packet).toMatchObject({ rule, protocol });
  });

  it("tells that no rule decides where none matches", async () => {
    const { text, exitCode } = await run(
      "--annotations",
      'pod-qos/egress=[{"dscp":1,"classifier":{"to":[{"ipBlock":{"cidr":"::/0"}}]}}]',
      "--to",
      "192.0.2.1",
    );
    expect(exitCode).toBe(0);
    expect(text).toContain("A packet of ICMP to 192.0.2.1\n  no rule matches: it is left alone");
  });

  it("warns of what ADD would log, of rules that never decide, and of where upstream would decide otherwise", async () => {
    const { warnings } = await json(...web);
    expect(warnings).toEqual([
      expect.stringContaining("did you mean kubernetes.io/ingress-bandwidth?"),
      expect.stringContaining("EgressQoS default/default egress[0] (c.json) can never decide: NetworkQoS"),
      expect.stringContaining("OVN-Kubernetes would let the later one decide"),
    ]);
  });

  it("warns when a rule asks for the source and none was given", async () => {
    const rule = 'pod-qos/egress=[{"dscp":1,"classifier":{"from":[{"ipBlock":{"cidr":"10.0.0.0/8"}}]}}]';
    const asked = ["--annotations", rule, "--to", "192.0.2.1"];
    expect((await json(...asked)).warnings).toEqual([expect.stringContaining("without --from")]);
    const given = await json(...asked, "--from", "10.1.1.1");
    expect([given.warnings, given.packet?.rule]).toEqual([[], 0]);
  });

  it("warns when a rule asks for a port of the packet's protocol and none was given", async () => {
    const rule = 'pod-qos/egress=[{"dscp":1,"classifier":{"ports":[{"protocol":"UDP","port":5060}]}}]';
    const asked = ["--annotations", rule, "--to", "192.0.2.1", "--proto"];
    expect((await json(...asked, "udp")).warnings).toEqual([expect.stringContaining("without --port")]);
    expect((await json(...asked, "tcp")).warnings).toEqual([]);
    const given = await json(...asked, "udp", "--port", "5060");
    expect([given.warnings, given.packet?.rule]).toEqual([[], 0]);
  });

  it("shows what would be programmed, on the link and kernel that are assumed", async () => {
    const places = async (...flags: string[]) =>
      (await json(...web, ...flags)).programs.map(({ place, command }) => `${place} ${command[0]}`);
    expect(await places()).toContain("node tc");
    expect(await places("--link", "ipvlan")).not.toContain("node tc");
    expect((await json(...web, "--kernel", "small", "--mtu", "9000")).programs).not.toEqual(
      (await json(...web)).programs,
    );
  });

  it("writes nothing", async () => {
    await run(...web);
    expect(existsSync(stateDir)).toBe(false);
  });

  it("is a page of 80 columns, but for words that are longer", async () => {
    const { text, exitCode } = await run(...web, "--to", "192.0.2.1", "--port", "443");
    expect(exitCode).toBe(0);
    expect(text.split("\n").filter((line) => line.length > 80 && /\S \S/.test(line.trim()))).toEqual([]);
    for (const part of [
      "Pod default/web-1, eth0 in network cbr0, labels app=web",
      "rule 0 decides: mark 20",
      "Warnings",
    ]) {
      expect(text).toContain(part);
    }
  });
});

describe("explain takes", () => {
  it.each([
    ["an entry alone", ["--conf", file("entry.json")], { network: "podnet" }],
    ["a conflist", ["--conf", conflist], { network: "cbr0" }],
    ["no conf", [], { network: "podnet", rules: [] }],
    ["labels one by one", ["--labels", "a=b", "--labels", "c="], { labels: { a: "b", c: "" } }],
    ["labels over the Pod's", ["--pod", podFile, "--labels", "app=db"], { labels: { app: "db" } }],
    ["no labels: not known", [], { labels: null }],
    ["the conf's labels, as ADD does", ["--conf", file("labelled.json")], { labels: { app: "web" } }],
    [
      "a namespace and name",
      ["--namespace", "prod", "--name", "x"],
      { pod: { namespace: "prod", name: "x" } },
    ],
    ["an interface", ["--interface", "net1"], { interface: "net1" }],
  ])("%s", async (_, args, expected) => {
    expect(await json(...args)).toMatchObject(expected);
  });
});

describe("explain on a node with an agent", () => {
  const uid = "0b9c0ed1-7c4e-4a67-9d5e-5dbd6a5c1f00";
  const live = file("live.json");
  const place = file("live-state");
  beforeAll(() => {
    writeFileSync(live, JSON.stringify({ type: "pod-qos", capabilities: hearing, stateDir: place }));
    assertLivePlace(place);
    writeTurn(place, { followsPods: true });
    const video = apiObject(marking(30, { podSelector: { matchLabels: { app: "web" } } }), { name: "video" });
    writeSnapshot(place, snapshotOf({ networkQos: [video] }));
    writeKnownPod(place, { uid, namespace: "prod", name: "web-1", labels: { app: "web" }, annotations: {} });
  });
  const asking = ["--conf", live, "--namespace", "prod", "--name", "web-1"] as const;

  it("says what the agent says of a pod, as ADD hears it", async () => {
    expect(await json(...asking, "--uid", uid)).toMatchObject({
      labels: { app: "web" },
      labelsFrom: "agent",
      pending: null,
      rules: [{ source: "NetworkQoS prod/video egress[0] (API)" }],
    });
    const { text } = await run(...asking, "--uid", uid);
    expect(text.replaceAll(/\s+/g, " ")).toContain("labels app=web (from the node's agent)");
  });

  it("holds the API's objects against labels that are given", async () => {
    expect(await json(...asking, "--labels", "app=web")).toMatchObject({
      labelsFrom: "runtime",
      rules: [{ source: "NetworkQoS prod/video egress[0] (API)" }],
    });
  });

  it("says what a pod would start without", async () => {
    const pending =
      "the node's agent has not seen this pod yet: left out: NetworkQoS prod/video (API), annotations, " +
      "which the runtime did not pass on";
    expect(await json(...asking, "--uid", "another")).toMatchObject({ labelsFrom: "unknown", pending });
    expect((await run(...asking, "--uid", "another")).text).toContain(
      "\nPending\n  ! the node's agent has not seen",
    );
  });

  it("takes one word of the labels", async () => {
    expect(await run(...asking, "--uid", uid, "--labels", "a=b")).toMatchObject({ exitCode: 2 });
  });
});

describe("the exit code is 1 where ADD would refuse,", () => {
  it.each([
    ["a wish", ["--annotations", "pod-qos/dscp=99"], 7, 'annotation pod-qos/dscp: "99"'],
    ["a policy directory", ["--conf", file("gone.json")], 7, "cannot be read"],
    ["a version", ["--conf", file("old.json")], 1, 'cniVersion "0.2.0" is not supported'],
    [
      "a conflist without one",
      ["--conf", file("unversioned.conflist")],
      1,
      'cniVersion "0.1.0" is not supported',
    ],
    ["an interface", ["--interface", "a+b", "--annotations", "pod-qos/dscp=EF"], 4, "CNI_IFNAME"],
    ["a plan", ["--conf", file("host.json"), "--link", "macvlan"], 102, '"enforce": "host"'],
  ])("%s, and the reason is what it would say", async (_, args, code, said) => {
    writeFileSync(file("old.json"), JSON.stringify({ cniVersion: "0.2.0" }));
    writeFileSync(
      file("unversioned.conflist"),
      JSON.stringify({ name: "cbr0", plugins: [{ type: "pod-qos" }] }),
    );
    writeFileSync(file("gone.json"), JSON.stringify({ policyDir: file("gone") }));
    writeFileSync(
      file("host.json"),
      JSON.stringify({ enforce: "host", defaults: { egressBandwidth: "1M" } }),
    );
    const { exitCode, text } = await run(...args);
    expect(exitCode).toBe(1);
    expect(text.replaceAll(/\s+/g, " ")).toContain(`ADD would fail with code ${code}: `);
    expect(text.replaceAll(/\s+/g, " ")).toContain(said);
    expect((await run(...args, "--json")).text).toContain(`"code": ${code}`);
  });
});

it("warns as ADD does of a conf by which no pod can have a limit, and of none where there is no conf", async () => {
  writeFileSync(file("deaf.json"), JSON.stringify({ capabilities: { portMappings: true } }));
  const said = await json("--conf", file("deaf.json"));
  expect(said.warnings).toEqual([expect.stringContaining("every pod is unlimited")]);
  expect(said.logged).toEqual(said.warnings);
  expect((await json()).warnings).toEqual([]);
});

describe("the exit code is 2 where the command line is wrong:", () => {
  it.each([
    [["--what"], "--what"],
    [["pod"], "pod"],
    [["--conf", "/nonexistent/file"], "--conf: ENOENT"],
    [["--conf", file("two.conflist")], 'has 2 entries of type "pod-qos"'],
    [["--annotations", file("10-flannel.conflist"), "--labels", "/nonexistent"], "--labels: ENOENT"],
    [["--to", "example.com"], '--to takes an IP address, not "example.com"'],
    [["--to", "192.0.2.1", "--from", "::1"], "--from ::1 is not an IPv4 address"],
    [["--port", "443"], "--port is about a packet"],
    [["--to", "192.0.2.1", "--port", "0"], '--port takes 1 to 65535, not "0"'],
    [["--to", "192.0.2.1", "--proto", "tpc"], "--proto takes one of tcp, udp"],
    [["--to", "192.0.2.1", "--proto", "icmp", "--port", "443"], "--port: icmp has none"],
    [["--pod", file("deployment.json")], "is a Deployment, not a Pod"],
    [["--link", "bridge"], '--link takes veth, ipvlan or macvlan, not "bridge"'],
    [["--mtu", "1e3"], '--mtu takes 68 to 65535, not "1e3"'],
    [["--kernel", "6.1"], '--kernel takes stock or small, not "6.1"'],
    [["--interface", "a/b"], "--interface"],
  ])("%j", async (args, said) => {
    const { exitCode, text } = await run(...args);
    expect(exitCode).toBe(2);
    expect(text).toContain(said);
    expect(text).toContain("explain --help");
  });
});

it.each([
  [{}, ["pod-qos/dscp", "kubernetes.io/egress-bandwidth"]],
  [{ bandwidth: true }, ["pod-qos/dscp"]],
  [{ bandwidth: true, "io.kubernetes.cri.pod-annotations": true }, []],
])("with capabilities %j tells of annotations that no runtime would hand on", async (capabilities, lost) => {
  writeFileSync(file("asking.json"), JSON.stringify({ capabilities }));
  const flags = ["pod-qos/dscp=EF", "kubernetes.io/egress-bandwidth=5M"].flatMap((each) => [
    "--annotations",
    each,
  ]);
  const { warnings } = await json("--conf", file("asking.json"), ...flags);
  expect(warnings.filter((each: string) => each.includes("does not include")).join()).toBe(
    lost.length === 0
      ? ""
      : `"capabilities" of the conf does not include io.kubernetes.cri.pod-annotations, so the runtime will not pass on ${lost.join(", ")}`,
  );
});

it("--help fits 80 columns and is no mistake", async () => {
  const { exitCode, text } = await run("--help");
  expect(exitCode).toBe(0);
  expect(text.split("\n").filter((line) => line.length > 80)).toEqual([]);
});

it("lists a burst that loses to the conf's, and warns of one that starves TCP under a policer", async () => {
  const conf = { egressRate: 1e9, egressBurst: 1e8, discipline: "police", capabilities: hearing };
  writeFileSync(file("static.json"), JSON.stringify(conf));
  const burst = ["--annotations", "pod-qos/egress-burst=2M"];
  const { wishes, warnings } = await json("--conf", file("static.json"), ...burst);
  expect(wishes).toContainEqual({
    about: "egress burst",
    source: "annotation pod-qos/egress-burst",
    value: "2M",
    outcome: "outranked",
  });
  expect(warnings).toEqual([]);
  writeFileSync(file("static.json"), JSON.stringify({ ...conf, egressBurst: 1e5 }));
  expect((await json("--conf", file("static.json"))).warnings).toEqual([
    "egressBurst: a policer with a burst of 100000 bits drops every packet that TCP sends in one piece of 64 KiB: " +
      "leave the burst out, or take 557056 bits or more",
  ]);
});

it("shows what ADD does on the node for a class: its tree, its sets, its rules and the pod's place in them", async () => {
  const classes = { default: { rate: "450M" }, bulk: { rate: "500M", set: "bulk-pods", mark: "0x1" } };
  const uplink = { device: "eth0", rate: "950M", default: "default", classes };
  writeFileSync(file("classes.json"), JSON.stringify({ uplink, capabilities: hearing }));
  const { programs, warnings } = await json(
    "--conf",
    file("classes.json"),
    "--annotations",
    "pod-qos/class=bulk",
  );
  expect(warnings).toEqual([]);
  const text = programs.map(({ command, input }) => `${command.join(" ")}\n${input}`).join("\n");
  for (const line of [
    "add bulk-pods 192.0.2.1",
    "add bulk-pods-v6 2001:db8::1",
    "class add dev eth0 parent 1:1 classid 1:20 htb rate 62500000bps ceil 118750000bps",
    "--match-set bulk-pods src",
  ]) {
    expect(text).toContain(line);
  }
  const page = (await run("--conf", file("classes.json"), "--annotations", "pod-qos/class=bulk")).text;
  expect(page).toContain("an uplink that is not there yet and a pod at 192.0.2.1 and 2001:db8::1");
});

it("says where the link of the node decides the rates of its classes", async () => {
  const uplink = { device: "eth0", default: "default", classes: { default: { rate: "1M" } } };
  writeFileSync(file("auto.json"), JSON.stringify({ uplink, capabilities: hearing }));
  const { warnings } = await json("--conf", file("auto.json"));
  expect(warnings).toEqual([expect.stringContaining(`the uplink's rate is "auto"`)]);
});

it("tells the mark of the pod's class among those for the rest: over the conf's, under the pod's own", async () => {
  const classes = { default: { rate: "450M" }, bulk: { rate: "500M", dscp: "CS1" } };
  const uplink = { device: "eth0", rate: "950M", default: "default", classes };
  writeFileSync(file("uplink.json"), JSON.stringify({ uplink, defaults: { class: "bulk", dscp: "CS0" } }));
  const marks = async (...flags: string[]) =>
    (await json("--conf", file("uplink.json"), ...flags)).wishes
      .filter(({ about }) => about === "mark for the rest")
      .map(({ source, outcome }) => `${outcome}: ${source}`);
  const ofClass = "uplink.classes.bulk.dscp";
  expect(await marks()).toEqual([`counts: ${ofClass}`, "outranked: defaults.dscp"]);
  expect(await marks("--annotations", "pod-qos/dscp=EF")).toEqual([
    "counts: annotation pod-qos/dscp",
    `outranked: ${ofClass}`,
    "outranked: defaults.dscp",
  ]);
});
