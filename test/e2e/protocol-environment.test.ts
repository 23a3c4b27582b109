/** What CNI says in the environment: each variable missing or bad is code 4 and named; what is not needed is not asked for. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failed, succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import { createNode, type LabNode } from "../lab/node/node.ts";
import { callPlugin, type PluginCall } from "../lab/plugin/plugin.ts";
import { plug } from "../lab/plugin/plug.ts";
import { allWishes } from "../lab/plugin/warm-node.ts";

let node: LabNode;
beforeAll(async () => {
  node = await createNode();
});
afterAll(() => node[Symbol.asyncDispose]());

const conf = {
  cniVersion: "1.1.0",
  name: "lab",
  type: "pod-qos",
  prevResult: { cniVersion: "1.1.0" },
} as const;
const whole = { conf, containerId: "c1", ifname: "eth0", netns: "/run/netns/none" } as const;

const without = (key: "containerId" | "ifname" | "netns"): PluginCall => {
  const { [key]: _, ...rest } = whole;
  return rest;
};

describe("a variable that is missing", () => {
  const rows = [
    ["ADD", "containerId", "CNI_CONTAINERID"],
    ["ADD", "netns", "CNI_NETNS"],
    ["ADD", "ifname", "CNI_IFNAME"],
    ["CHECK", "containerId", "CNI_CONTAINERID"],
    ["CHECK", "netns", "CNI_NETNS"],
    ["CHECK", "ifname", "CNI_IFNAME"],
    ["DEL", "containerId", "CNI_CONTAINERID"],
    ["DEL", "ifname", "CNI_IFNAME"],
  ] as const;
  test.each(rows)("%s without %s is code 4 and names %s", async (command, key, name) => {
    failed(await callPlugin(node, { command, ...without(key) }), 4, [name, "missing"]);
    failed(await callPlugin(node, { command, ...whole, [key]: "" }), 4, [name, "missing"]);
  });

  test("all of them at once are all named", async () => {
    failed(await callPlugin(node, { command: "ADD", conf }), 4, [
      "CNI_CONTAINERID",
      "CNI_NETNS",
      "CNI_IFNAME",
    ]);
  });

  test("is no fault where the verb does not need it", async () => {
    succeededSilently(await callPlugin(node, { command: "DEL", ...without("netns") }));
    succeededSilently(await callPlugin(node, { command: "GC", conf }));
    succeededSilently(await callPlugin(node, { command: "STATUS", conf }));
    succeededSilently(await callPlugin(node, { command: "DEL", ...whole, path: "" }));
  });
});

describe("a variable with a value that CNI does not allow", () => {
  const rows = [
    ["containerId", "CNI_CONTAINERID", "../../etc/passwd"],
    ["containerId", "CNI_CONTAINERID", "-c1"],
    ["containerId", "CNI_CONTAINERID", "a b"],
    ["containerId", "CNI_CONTAINERID", "c1\n"],
    ["containerId", "CNI_CONTAINERID", "c1@eth0"],
    ["ifname", "CNI_IFNAME", "averylonginterfacename"],
    ["ifname", "CNI_IFNAME", "."],
    ["ifname", "CNI_IFNAME", ".."],
    ["ifname", "CNI_IFNAME", "a/b"],
    ["ifname", "CNI_IFNAME", "a:b"],
    ["ifname", "CNI_IFNAME", "eth 0"],
    ["ifname", "CNI_IFNAME", "eth0\nroot"],
  ] as const;
  test.each(rows)("%s: %s=%j is code 4 for ADD, CHECK and DEL", async (key, name, value) => {
    for (const command of ["ADD", "CHECK", "DEL"]) {
      failed(await callPlugin(node, { command, ...whole, [key]: value }), 4, [name, JSON.stringify(value)]);
    }
  });

  test.each(["", "add", "ADD ", "UPDATE", "__proto__", "toString"])(
    "CNI_COMMAND=%j is code 4",
    async (command) => {
      const error = failed(await callPlugin(node, { command, ...whole }), 4, [
        "CNI_COMMAND",
        JSON.stringify(command),
      ]);
      expect(error.msg).toContain("ADD, DEL, CHECK, GC, STATUS, VERSION");
    },
  );
});

describe("an interface whose name is syntax to tc or iptables", () => {
  test.each(["eth+", '"eth0"', "-eth0", "a#b", "é1"])(
    "%s can have no limit: code 4; without one its pod lives and dies",
    async (ifname) => {
      const pod = await plug(node);
      for (const command of ["ADD", "CHECK"] as const) {
        const capped = { defaults: { egressBandwidth: "10M" } };
        failed(await pod.call(command, { ifname, conf: capped }), 4, [
          "CNI_IFNAME",
          JSON.stringify(ifname),
          "no limit",
        ]);
      }
      expect(JSON.parse(succeeded(await pod.call("ADD", { ifname })))).toEqual(pod.prevResult);
      succeededSilently(await pod.call("CHECK", { ifname }));
      for (let times = 0; times < 2; times += 1) succeededSilently(await pod.call("DEL", { ifname }));
      await pod.unplug();
    },
  );
});

describe("CNI_NETNS", () => {
  test("that is not there is code 4 for ADD and CHECK, and names the path", async () => {
    for (const command of ["ADD", "CHECK"]) {
      const asked = { ...conf, defaults: { egressBandwidth: "10M" } };
      failed(await callPlugin(node, { ...whole, command, conf: asked }), 4, ["CNI_NETNS", "/run/netns/none"]);
    }
  });

  test("that is the node's own is code 8: limits for a pod must not land on the node", async () => {
    const before = await node.dump();
    const pod = { ...whole, netns: "/proc/self/ns/net", conf: { ...conf, ...allWishes } };
    for (const command of ["ADD", "CHECK"]) {
      failed(await callPlugin(node, { ...pod, command }), 8, ["CNI_NETNS", "/proc/self/ns/net"]);
    }
    succeededSilently(await callPlugin(node, { ...pod, command: "DEL" }));
    expect(await node.dump()).toBe(before);
  });

  test("that is no namespace is code 4 and leaves nothing; DEL takes it for a namespace that is gone", async () => {
    const before = await node.dump();
    const pod = { ...whole, netns: "/etc/passwd", conf: { ...conf, ...allWishes } };
    const answer = await callPlugin(node, { ...pod, command: "ADD" });
    failed(answer, 4, ["CNI_NETNS", "/etc/passwd"]);
    succeededSilently(await callPlugin(node, { ...pod, command: "DEL" }));
    expect(await node.dump()).toBe(before);
  });
});

test("CNI_NETNS that is a namespace of another kind is code 4, and DEL ends", async () => {
  const pod = await plug(node, { conf: allWishes });
  const before = await node.dump();
  failed(await pod.call("ADD", { netns: "/proc/self/ns/mnt" }), 4, ["CNI_NETNS", "network namespace"]);
  const { exitCode, stdout } = await pod.call("DEL", { netns: "/proc/self/ns/mnt" });
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "" });
  expect(await node.dump()).toBe(before);
  await pod.unplug();
});

describe("CNI_ARGS", () => {
  test("names the pod in errors and logs", async () => {
    const pod = await plug(node, { conf: { ...allWishes, logFile: "/var/log/lab.log" } });
    const args = "K8S_POD_NAME=web-1;K8S_POD_NAMESPACE=prod;IgnoreUnknown=1;K8S_POD_UID=u-1";
    const answer = await pod.call("ADD", { args, ifname: "eth9" });
    failed(answer, 100, ["eth9"]);
    expect(answer.stderr).toContain("prod/web-1");
    succeeded(await pod.call("ADD", { args }));
    expect((await node.exec("cat", ["/var/log/lab.log"])).stdout).toMatch(
      /info pod-qos: ADD pod prod\/web-1 eth0/,
    );
    succeededSilently(await pod.call("DEL", { args }));
  });

  test.each(["", ";;", "novalue", "=x", "A=B=C;K8S_POD_NAME", "IgnoreUnknown=0;X=1"])(
    "%j is no obstacle",
    async (args) => {
      succeededSilently(await callPlugin(node, { command: "DEL", ...whole, args }));
    },
  );
});

describe("CNI_COMMAND unset", () => {
  test("without an argument prints what it is and how it is used, exit 0", async () => {
    const { exitCode, stdout, stderr } = await callPlugin(node, { conf: "" });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    for (const word of [
      "chained CNI plugin",
      "conflist",
      "kubernetes.io/egress-bandwidth",
      "0.3.0",
      "1.1.0",
    ]) {
      expect(stdout).toContain(word);
    }
  });
});
