/** `explain` and ADD go one way: whatever is asked, the same answer, the same programs, the same warnings. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ifbName } from "../../plugin/datapath/names.ts";
import { handlerOf } from "../../plugin/program/program.ts";
import type { AttachmentRecord } from "../../plugin/state/record.ts";
import { withoutNoise } from "../lab/node/exact-state.ts";
import { hasFeature, suite } from "../lab/node/needs.ts";
import { createNode, type LabNode } from "../lab/node/node.ts";
import { plug, type Plug } from "../lab/plugin/plug.ts";
import { callPlugin } from "../lab/plugin/plugin.ts";
import { long, repetitions } from "../lab/measure/repetitions.ts";
import { anyRequest, type AnyRequest } from "../lab/plugin/requests.ts";
import { seed, seedSaid } from "../lab/measure/seed.ts";
import { egressQos, networkQos } from "../unit/support/manifests.ts";

/** What came of a request, in words that do not depend on the names of this node. */
interface Outcome {
  readonly code: number;
  readonly message: string;
  readonly programs: readonly string[];
  /** The pod's in the sets of its class. */
  readonly members: readonly string[];
  /** Its uplink's queues, rules and sets. */
  readonly uplink: readonly string[];
  readonly warnings: readonly string[];
}

suite("explain", { plugin: true, tools: ["ipset"] }, () => {
  let node: LabNode;
  /** Where the programs of an uplink that explain tells are run. */
  let other: LabNode;
  beforeAll(async () => {
    [node, other] = await Promise.all([createNode(), createNode()]);
    const link = "ip link add up0 type veth peer name up1; ip link set up0 up; ip link set up1 up";
    for (const each of [node, other]) await each.exec("sh", ["-ec", link]);
    mkdirSync(node.path("/etc/cni/policies"));
    const egress = [{ dscp: 12, bandwidth: { rate: 3000 } }, { dscp: 13 }];
    const labelled = { matchLabels: { app: "web" } };
    const write = (file: string, text: string): void =>
      writeFileSync(node.path(`/etc/cni/policies/${file}`), text);
    write("a.json", networkQos({ namespace: "prod", podSelector: labelled, egress }));
    write("b.json", egressQos([{ dscp: 5, dstCIDR: "10.11.12.0/24" }]));
  });
  afterAll(async () => {
    for (const each of [node, other]) await each[Symbol.asyncDispose]();
  });

  test("says what ADD does: code, message, programs and warnings, of 200 requests", async () => {
    const requests = fc.sample(anyRequest, { seed, numRuns: repetitions(200) });
    const codes: number[] = [];
    for (const request of requests) {
      for (const each of [node, other])
        await each.exec("sh", ["-c", FRESH_UPLINK, "sh", String(request.mtu)]);
      const attachment = await plugged(node, request);
      const added = await outcomeOfAdd(attachment, request);
      const explained = await outcomeOfExplain(attachment, request, other);
      expect(explained, `${seedSaid}: ${JSON.stringify(request)}`).toEqual(added);
      // In a version that has DEL, whatever the request came in.
      expect((await attachment.call("DEL", { conf: { cniVersion: "1.1.0" } })).exitCode).toBe(0);
      await attachment.pod.remove();
      codes.push(added.code);
    }
    // A run in which all were refused, or none, would show little. Of the usual run's twenty a seed may leave two.
    const right = codes.filter((code) => code === 0).length / codes.length;
    expect(right, seedSaid).toBeGreaterThan(long ? 0.1 : 0);
    expect(right, seedSaid).toBeLessThan(long ? 0.9 : 1);
  });
});

const network = "lab";

const FRESH_UPLINK = `
tc qdisc del dev up0 root 2>/dev/null
iptables -t mangle -F; iptables -t mangle -X; ip6tables -t mangle -F; ip6tables -t mangle -X
ipset destroy
ip link set up0 mtu $1
`;

const uplinkOf = async (node: LabNode): Promise<readonly string[]> => {
  const { stdout } = await node.exec("sh", ["-c", LOOK]);
  return withoutNoise(stdout.replaceAll(/\[\d+:\d+\]/g, ""))
    .split("\n")
    .toSorted();
};
const LOOK = `
tc -d qdisc show dev up0; tc -d class show dev up0; tc filter show dev up0
iptables-save -t mangle; ip6tables-save -t mangle; ipset save
`;

async function plugged(node: LabNode, { conf, link, ifname, mtu, addresses }: AnyRequest): Promise<Plug> {
  const attachment = await plug(node, { kind: link, ifname, conf });
  const { pod, nodeDevice } = attachment;
  await pod.exec("ip", ["link", "set", ifname, "mtu", String(mtu)]);
  if (link === "veth") await node.exec("ip", ["link", "set", nodeDevice, "mtu", String(mtu)]);
  const at = link === "veth" ? 1 : 0;
  const ips = addresses.map((address) => ({ address, interface: at }));
  return { ...attachment, conf: { ...attachment.conf, prevResult: { ...attachment.prevResult, ips } } };
}

async function outcomeOfAdd({ node, pod, nodeDevice, conf }: Plug, request: AnyRequest): Promise<Outcome> {
  const { annotations, labels, namespace, ifname } = request;
  const { containerId, netns } = pod;
  const result = await callPlugin(node, {
    command: "ADD",
    containerId,
    netns,
    ifname,
    args: namespace === undefined ? "" : `K8S_POD_NAMESPACE=${namespace};K8S_POD_NAME=web`,
    conf: {
      ...conf,
      ...(labels === undefined ? {} : { args: { cni: { labels } } }),
      runtimeConfig: { "io.kubernetes.cri.pod-annotations": annotations },
    },
  });
  const path = node.path(`/run/pod-qos/attachments/${network}/${containerId}@${ifname}.json`);
  const record = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as AttachmentRecord) : undefined;
  const programs = (record?.programs ?? []).map((program) => {
    const { argv, input } = handlerOf(program).add(program.objects);
    return `${program.place}: ${argv.join(" ")}\n${input}`
      .replaceAll(nodeDevice, "veth-on-node")
      .replaceAll(
        ifbName({ network, containerId, ifname }),
        ifbName({ network, containerId: "explained", ifname }),
      )
      .replaceAll(containerId, "explained");
  });
  const warnings = [...result.stderr.matchAll(/^\S+ warn pod-qos: ADD (?:pod|container) \S+ \S+: (.*)$/gm)];
  return {
    code: result.error?.code ?? 0,
    message: (result.error?.msg ?? "").replace(/^(?:pod|container) \S+ \S+: /, ""),
    programs: programs.toSorted(),
    members: (record?.membership?.members ?? [])
      .map(({ set, address }) => `add ${set} ${address}`)
      .toSorted(),
    uplink: record?.membership === undefined ? [] : await uplinkOf(node),
    warnings: warnings.map(([, text = ""]) => text),
  };
}

async function outcomeOfExplain(
  { node, pod, conf }: Plug,
  request: AnyRequest,
  other: LabNode,
): Promise<Outcome> {
  const { annotations, labels, namespace, ifname, link, mtu } = request;
  const file = (name: string, content: object): string => {
    const path = `/run/explain-${pod.name}-${name}.json`;
    writeFileSync(node.path(path), JSON.stringify(content));
    return path;
  };
  const { stdout, json } = await callPlugin(node, {
    argv: [
      "explain",
      "--json",
      "--conf",
      file("conf", conf),
      "--interface",
      ifname,
      "--link",
      link,
      "--mtu",
      String(mtu),
      "--kernel",
      hasFeature("act_police") ? "stock" : "small",
      ...(annotations === undefined ? [] : ["--annotations", file("annotations", annotations)]),
      ...(labels === undefined ? [] : ["--labels", file("labels", labels)]),
      ...(namespace === undefined ? [] : ["--namespace", namespace, "--name", "web"]),
    ],
  });
  const said = json as Partial<Said> | undefined;
  if (said === undefined) throw new Error(stdout);
  const steps = said.programs ?? [];
  const ofUplink = steps.findIndex(
    ({ input }) => input.includes("dev up0") || /^create \S+ hash:ip /m.test(input),
  );
  const own = ofUplink < 0 ? steps : steps.slice(0, ofUplink);
  const shared = steps.slice(own.length);
  for (const { command, input } of shared) {
    const [tool = "", ...words] = command;
    await other.exec(tool, words, { input });
  }
  const members = shared.flatMap(({ input }) => input.match(/^add .*/gm) ?? []);
  const { code, msg } = said.error ?? said.refusal ?? { code: 0, msg: "" };
  return {
    code,
    message: msg,
    programs: own.map(({ place, command, input }) => `${place}: ${command.join(" ")}\n${input}`).toSorted(),
    members: members.map((line) => line.split(" ").slice(0, 3).join(" ")).toSorted(),
    uplink: shared.length === 0 ? [] : await uplinkOf(other),
    warnings: (said.logged ?? []).map((text) => text.replaceAll("\n", " | ")),
  };
}

interface Said {
  readonly error: { readonly code: number; readonly msg: string };
  readonly refusal: { readonly code: number; readonly msg: string } | null;
  readonly programs: readonly {
    readonly place: string;
    readonly command: readonly string[];
    readonly input: string;
  }[];
  readonly logged: readonly string[];
}
