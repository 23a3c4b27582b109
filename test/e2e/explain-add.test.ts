/** `explain` and ADD go one way: whatever is asked, the same answer, the same programs, the same warnings. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ifbName } from "../../plugin/datapath/names.ts";
import { handlerOf } from "../../plugin/program/program.ts";
import type { AttachmentRecord } from "../../plugin/state/record.ts";
import { hasFeature, suite } from "../lab/needs.ts";
import { createNode, type LabNode } from "../lab/node.ts";
import { plug, type Plug } from "../lab/plug.ts";
import { callPlugin } from "../lab/plugin.ts";
import { repetitions } from "../lab/repetitions.ts";
import { anyRequest, type AnyRequest } from "../lab/requests.ts";
import { seed, seedSaid } from "../lab/seed.ts";
import { egressQos, networkQos } from "../unit/support/manifests.ts";

/** What came of a request, in words that do not depend on the names of this node. */
interface Outcome {
  readonly code: number;
  readonly message: string;
  readonly programs: readonly string[];
  /** The pod's in the sets of its class. */
  readonly members: readonly string[];
  readonly warnings: readonly string[];
}

suite("explain", { plugin: true, tools: ["ipset"] }, () => {
  let node: LabNode;
  beforeAll(async () => {
    node = await createNode();
    await node.exec("sh", [
      "-ec",
      "ip link add up0 type veth peer name up1; ip link set up0 up; ip link set up1 up",
    ]);
    mkdirSync(node.path("/etc/cni/policies"));
    const egress = [{ dscp: 12, bandwidth: { rate: 3000 } }, { dscp: 13 }];
    const labelled = { matchLabels: { app: "web" } };
    const write = (file: string, text: string): void =>
      writeFileSync(node.path(`/etc/cni/policies/${file}`), text);
    write("a.json", networkQos({ namespace: "prod", podSelector: labelled, egress }));
    write("b.json", egressQos([{ dscp: 5, dstCIDR: "10.11.12.0/24" }]));
  });
  afterAll(() => node[Symbol.asyncDispose]());

  test("says what ADD does: code, message, programs and warnings, of 200 requests", async () => {
    const requests = fc.sample(anyRequest, { seed, numRuns: repetitions(200) });
    const codes: number[] = [];
    for (const request of requests) {
      const attachment = await plugged(node, request);
      const added = await outcomeOfAdd(attachment, request);
      const explained = await outcomeOfExplain(attachment, request);
      expect(explained, `${seedSaid}: ${JSON.stringify(request)}`).toEqual(added);
      expect((await attachment.call("DEL")).exitCode).toBe(0);
      await attachment.pod.remove();
      codes.push(added.code);
    }
    // A run in which all were refused, or none, would show little.
    const right = codes.filter((code) => code === 0).length / codes.length;
    expect(right, seedSaid).toBeGreaterThan(0.1);
    expect(right, seedSaid).toBeLessThan(0.9);
  });
});

const network = "lab";

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
    warnings: warnings.map(([, text = ""]) => text),
  };
}

async function outcomeOfExplain({ node, pod, conf }: Plug, request: AnyRequest): Promise<Outcome> {
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
  const members = steps.slice(own.length).flatMap(({ input }) => input.match(/^add .*/gm) ?? []);
  const { code, msg } = said.error ?? said.refusal ?? { code: 0, msg: "" };
  return {
    code,
    message: msg,
    programs: own.map(({ place, command, input }) => `${place}: ${command.join(" ")}\n${input}`).toSorted(),
    members: members.map((line) => line.split(" ").slice(0, 3).join(" ")).toSorted(),
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
