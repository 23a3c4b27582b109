/** What the lab's cluster says to Go, to CNI plugins and to QEMU. */
import { describe, expect, test } from "vitest";
import { readFileSync } from "node:fs";
import { goMod } from "../../scripts/lab/cluster/go-module.ts";
import { qemuArguments, type Machine } from "../../scripts/lab/vm/qemu.ts";
import type { AuditEvent } from "../lab/cluster/audit.ts";
import { callsBeyond, refusedCalls, rightsOf, unusedRights } from "../lab/cluster/role.ts";
import { capabilitiesOf, cniArgsOf } from "../lab/cluster/runtime-call.ts";
import { pingsIn } from "../vm/kubelet/pings.ts";

test("the module that builds Kubernetes has its staging modules as they are published", () => {
  const upstream = [
    "module k8s.io/kubernetes",
    "go 1.26.0",
    "godebug default=go1.26",
    "require k8s.io/api v0.0.0",
    "replace (",
    "\tk8s.io/api => ./staging/src/k8s.io/api",
    "\tk8s.io/pod-security-admission => ./staging/src/k8s.io/pod-security-admission",
    ")",
  ].join("\n");
  expect(goMod("1.37.2", upstream)).toBe(`module cluster
go 1.26.0
godebug default=go1.26
require k8s.io/kubernetes v1.37.2
replace (
\tk8s.io/api => k8s.io/api v0.37.2
\tk8s.io/pod-security-admission => k8s.io/pod-security-admission v0.37.2
)
`);
});

describe("a CNI plugin of a pod is told what a recorded containerd told it", () => {
  test("in CNI_ARGS", () => {
    const containerId = /^CNI_CONTAINERID=(.*)$/m.exec(fixture("env"))?.[1] ?? "";
    const args = cniArgsOf({ namespace: "default", name: "demo", uid: "u-1", containerId });
    expect(fixture("env")).toContain(`CNI_ARGS=${args}\n`);
  });

  test("in its capabilities", () => {
    const { runtimeConfig } = JSON.parse(fixture("stdin")) as { readonly runtimeConfig: Recorded };
    expect(capabilitiesOf(runtimeConfig["io.kubernetes.cri.pod-annotations"])).toEqual(runtimeConfig);
  });

  test("and of one that asks for no bandwidth, of none", () => {
    expect(capabilitiesOf({ "example.com/a": "b" })).toEqual({
      "io.kubernetes.cri.pod-annotations": { "example.com/a": "b" },
    });
  });
});

const fixture = (kind: string): string =>
  readFileSync(new URL(`fixtures/containerd-1.6-add.${kind}`, import.meta.url), "utf8");

type Recorded = Readonly<{ "io.kubernetes.cri.pod-annotations": Record<string, string> }>;

describe("a VM", () => {
  const machine: Machine = {
    image: "image",
    initramfs: "initramfs",
    outFolder: "out",
    consoleFile: "console",
    memoryMb: 4096,
    accelerator: "tcg",
  };

  test("has no network card", () => {
    expect(qemuArguments(machine).join(" ")).not.toContain("netdev");
  });

  test("or one that leads to the API server and from the kubelet, and nowhere else", () => {
    const args = qemuArguments({ ...machine, network: { apiPort: 16_443, kubeletPort: 20_250 } });
    expect(args[args.indexOf("-netdev") + 1]).toBe(
      "user,id=n0,restrict=on," +
        "guestfwd=tcp:10.0.2.100:6443-cmd:socat - TCP:127.0.0.1:16443," +
        "hostfwd=tcp:127.0.0.1:20250-10.0.2.15:10250",
    );
  });
});

const called = (verb: string, resource: string, more: object = {}, code = 200): AuditEvent => ({
  stage: "ResponseComplete",
  verb,
  requestURI: "/",
  user: { username: "agent" },
  objectRef: { resource, ...more },
  responseStatus: { code },
  requestReceivedTimestamp: "",
  stageTimestamp: "",
});

describe("calls held against a role", () => {
  const rights = rightsOf([
    { apiGroups: [""], resources: ["pods", "namespaces"], verbs: ["list", "watch"] },
    { apiGroups: [""], resources: ["namespaces"], verbs: ["get"], resourceNames: ["kube-system"] },
  ]);
  const all = [
    called("list", "pods"),
    called("watch", "pods"),
    called("list", "namespaces"),
    called("watch", "namespaces"),
    called("get", "namespaces", { name: "kube-system" }),
  ];

  test("all of them allowed, and each right of use", () => {
    expect([callsBeyond(rights, all), unusedRights(rights, all)]).toEqual([[], []]);
  });

  test.each([
    ["another verb", called("delete", "pods")],
    ["another resource", called("list", "secrets")],
    ["another group", called("list", "pods", { apiGroup: "apps" })],
    ["a subresource", called("get", "namespaces", { name: "kube-system", subresource: "status" })],
    ["another name", called("get", "namespaces", { name: "default" })],
    ["a path that is no object", { ...called("get", ""), objectRef: undefined as never }],
  ])("%s is beyond it", (_, call) => {
    expect(callsBeyond(rights, [...all, call])).toEqual([call]);
  });

  test("what was refused is found, also where a right allows it", () => {
    const refused = called("list", "pods", {}, 403);
    expect(refusedCalls([...all, refused])).toEqual([refused]);
  });

  test.each(rights.map((right, at) => [`${right.verb} ${right.resource}`, right, at] as const))(
    "%s that nobody asks for is found",
    (_, right, at) => {
      expect(unusedRights(rights, all.toSpliced(at, 1))).toEqual([right]);
    },
  );
});

test("what tcpdump -v says of pings", () => {
  const said = `1764310000.100000 IP (tos 0x50, ttl 64, id 1, offset 0, flags [DF], proto ICMP (1), length 84)
    10.245.4.4 > 10.245.4.3: ICMP echo request, id 14, seq 44, length 64
1764310000.200000 IP (tos 0x0, ttl 64, id 2, offset 0, flags [none], proto ICMP (1), length 84)
    10.245.4.3 > 10.245.4.4: ICMP echo reply, id 14, seq 44, length 64
`;
  expect(pingsIn(said)).toEqual([
    { kind: "request", number: 44, tos: 0x50, seconds: 1764310000.1 },
    { kind: "reply", number: 44, tos: 0, seconds: 1764310000.2 },
  ]);
});
