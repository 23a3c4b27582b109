/** Manifests in policyDir, from file to kernel: who gets their rules, what a wrong one does, and what explain says of it. */
import { readdirSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failed, succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import { exactState } from "../lab/node/exact-state.ts";
import { createNode, type LabNode } from "../lab/node/node.ts";
import { plug, type Plug } from "../lab/plugin/plug.ts";
import { callPlugin } from "../lab/plugin/plugin.ts";

const policyDir = "/etc/cni/pod-qos";
const stateDir = "/run/pod-qos";

const guide = `
apiVersion: k8s.ovn.org/v1alpha1
kind: NetworkQoS
metadata:
  name: qos-external
  namespace: default
spec:
  podSelector:
    matchLabels:
      nqos-app: bw-limited
  priority: 10
  egress:
  - dscp: 20
    bandwidth: { burst: 100, rate: 20000 }
    classifier:
      to:
      - ipBlock:
          cidr: 0.0.0.0/0
          except: [10.11.12.13/32, 172.16.0.0/12, 192.168.0.0/16]
`;

let node: LabNode;
let attachment: Plug;
beforeEach(async () => {
  node = await createNode();
  await node.exec("mkdir", ["-p", policyDir]);
  put("nqos.yaml", guide);
  attachment = await plug(node, { conf: { policyDir, stateDir } });
});
afterEach(() => node[Symbol.asyncDispose]());

const put = (name: string, text: string): void => writeFileSync(node.path(`${policyDir}/${name}`), text);
const limited = [{ key: "nqos-app", value: "bw-limited" }];

/** As a runtime that passes labels on calls us. */
const call = (verb: "ADD" | "CHECK" | "DEL", labels: unknown, namespace = "default") =>
  attachment.call(verb, {
    conf: { args: { cni: { labels } } },
    args: `K8S_POD_NAMESPACE=${namespace};K8S_POD_NAME=pod1`,
  });

const mangle = async (): Promise<string> =>
  (await attachment.pod.exec("iptables-save", ["-t", "mangle"])).stdout;

describe("a NetworkQoS in policyDir", () => {
  test("002-10 002-26 003-9 is about the pod that it selects: marked and limited, checked, and gone with DEL", async () => {
    const before = await exactState(node, attachment.pod);
    succeeded(await call("ADD", [{ key: "foo", value: "bar" }, ...limited]));
    expect(await mangle()).toContain("--set-dscp 0x14");
    const added = await exactState(node, attachment.pod);
    for (const part of ["--set-class 0905:0010", "htb 905:"]) expect(added).toContain(part);
    succeededSilently(await call("CHECK", [{ key: "foo", value: "bar" }, ...limited]));
    succeededSilently(await call("DEL", limited));
    expect(await exactState(node, attachment.pod)).toBe(before);
  });

  test.each([
    ["002-26 without the label", [], "default"],
    ["001-22 of another namespace", limited, "other"],
  ])("leaves a pod alone that is %s", async (_, labels, namespace) => {
    const before = await exactState(node, attachment.pod);
    succeeded(await call("ADD", labels, namespace));
    expect(await exactState(node, attachment.pod)).toBe(before);
  });

  test("is not guessed about where the runtime gives no labels: the pod starts, and the log says so", async () => {
    const { exitCode, stderr } = await call("ADD", undefined);
    expect(exitCode).toBe(0);
    expect(stderr).toContain(
      "warn pod-qos: ADD pod default/pod1 eth0: NetworkQoS default/qos-external (nqos.yaml)",
    );
    expect(await mangle()).not.toContain("POD-QOS");
  });

  test("001-17 003-11 counts as it stands now: changed at the next ADD, gone when the file is", async () => {
    succeeded(await call("ADD", limited));
    put("nqos.yaml", guide.replace("dscp: 20", "dscp: 21"));
    succeeded(await call("ADD", limited));
    expect(await mangle()).toContain("--set-dscp 0x15");
    expect(await mangle()).not.toContain("--set-dscp 0x14");
    await node.exec("rm", [`${policyDir}/nqos.yaml`]);
    succeeded(await call("ADD", limited));
    expect(await mangle()).not.toContain("--set-dscp");
  });
});

describe("a file that is wrong", () => {
  test("is told by ADD (7) and STATUS (50) with its line, before anything is programmed", async () => {
    const before = await node.dump();
    put("torn.yaml", "kind: EgressQoS\nspec: {egress: [\n");
    failed(await call("ADD", limited, "other"), 7, [`${policyDir}/torn.yaml is not YAML`, "line 3"]);
    failed(await attachment.call("STATUS"), 50, [`${policyDir}/torn.yaml is not YAML`]);
    await node.exec("rm", [`${policyDir}/torn.yaml`]);
    expect(await node.dump()).toBe(before);
  });

  test("002-13 a rule of the conf that ADD would refuse is told by STATUS first, code 7", async () => {
    const conf = { egress: [{ dscp: 5 }, { dscp: 64 }] };
    failed(await attachment.call("STATUS", { conf }), 7, ["egress[1].dscp: 64 is not valid"]);
    failed(await attachment.call("ADD", { conf }), 7, ["egress[1].dscp: 64 is not valid"]);
  });

  test("fails the pods of its namespace alone where it says which, and DEL never", async () => {
    put("prod.yaml", guide.replace("namespace: default", "namespace: prod").replace("dscp: 20", "dscp: 64"));
    failed(await call("ADD", limited, "prod"), 7, [
      `${policyDir}/prod.yaml: NetworkQoS prod/qos-external: spec.egress[0].dscp: 64 is not valid`,
    ]);
    succeededSilently(await attachment.call("STATUS"));
    succeededSilently(await call("DEL", limited, "prod"));
    succeeded(await call("ADD", limited));
  });
});

describe("the compiled form of the files", () => {
  test("is kept by ADD once they are settled, and CHECK writes none", async () => {
    await new Promise((done) => setTimeout(done, 2_200));
    succeeded(await call("ADD", limited));
    const kept = readdirSync(node.path(`${stateDir}/policies`));
    expect(kept.length).toBe(1);
    await node.exec("rm", ["-r", `${stateDir}/policies`]);
    succeededSilently(await call("CHECK", limited));
    expect(readdirSync(node.path(stateDir))).not.toContain("policies");
  });
});

describe("pod-qos explain", () => {
  test("says what ADD then does, and touches nothing itself", async () => {
    const conf = { ...attachment.conf, prevResult: undefined };
    await node.exec("sh", ["-ec", `cat > /run/conf.json`], { input: JSON.stringify(conf) });
    const before = await node.dump();
    const argv = ["explain", "--conf", "/run/conf.json", "--labels", "nqos-app=bw-limited"];
    const asked = [...argv, "--namespace", "default", "--to", "192.0.2.1", "--json"];
    const { exitCode, json } = await callPlugin(node, { argv: asked });
    expect(await node.dump()).toBe(before);
    expect(exitCode).toBe(0);
    expect(json).toMatchObject({
      packet: { rule: 0 },
      rules: [{ source: expect.stringContaining("qos-external") }],
    });
    succeeded(await call("ADD", limited));
    const { programs } = json as { programs: readonly { command: readonly string[]; input: string }[] };
    const lines = programs.find(({ command }) => command[0] === "iptables-restore")?.input.split("\n") ?? [];
    const made = lines.filter((line) => line.startsWith("-A POD-QOS"));
    expect(made.length).toBeGreaterThan(1);
    const there = await mangle();
    for (const line of made) expect(there).toContain(line);
  });

  test("has exit code 1 for what ADD would refuse, 2 for a wrong command line", async () => {
    const refused = await callPlugin(node, { argv: ["explain", "--annotations", "pod-qos/dscp=64"] });
    expect([refused.exitCode, refused.stdout]).toEqual([1, expect.stringContaining("code 7")]);
    expect((await callPlugin(node, { argv: ["explain", "--wat"] })).exitCode).toBe(2);
    expect((await callPlugin(node, { argv: ["explain", "--help"] })).exitCode).toBe(0);
  });
});
