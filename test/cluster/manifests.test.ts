/** 000-4 install/ as people apply it: every base and overlay goes into a real API server without a warning, and is there as it stands. */
import { readdirSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import type { ControlPlane } from "../../scripts/lab/cluster/control-plane.ts";
import { programPath } from "../../scripts/lab/cluster/programs.ts";
import { eventually } from "../lab/cluster/eventually.ts";
import { createCluster } from "../lab/cluster/cluster.ts";
import { INSTALL, kubectl } from "../lab/cluster/installed.ts";
import { suite } from "../lab/node/needs.ts";

const OVERLAYS = resolve(INSTALL, "../overlays");
const overlays = readdirSync(OVERLAYS).map((name) => join(OVERLAYS, name));
const folders = [INSTALL, ...overlays, join(INSTALL, "uninstall")];
const named = folders.map((folder) => [relative(resolve(INSTALL, ".."), folder), folder] as const);

type Rendered = { readonly kind: string; readonly metadata: { readonly name: string } };

const render = async (folder: string): Promise<readonly Rendered[]> => {
  const { stdout } = await execa(programPath("kubectl"), ["kustomize", folder]);
  return parseAllDocuments(stdout).map((document) => document.toJS() as Rendered);
};

const names = (objects: readonly Rendered[]): readonly string[] =>
  objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);

/** Spiderpool's, as far as the API server has to know it: its own definition leaves these fields open too. */
const spiderMultusConfigs = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "spidermultusconfigs.spiderpool.spidernet.io" },
  spec: {
    group: "spiderpool.spidernet.io",
    scope: "Namespaced",
    names: {
      kind: "SpiderMultusConfig",
      listKind: "SpiderMultusConfigList",
      plural: "spidermultusconfigs",
      singular: "spidermultusconfig",
    },
    versions: [
      {
        name: "v2beta1",
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: {
              spec: {
                type: "object",
                properties: {
                  cniType: {
                    type: "string",
                    enum: ["macvlan", "ipvlan", "sriov", "ovs", "ib-sriov", "custom"],
                  },
                  ipvlan: {
                    type: "object",
                    required: ["master"],
                    properties: {
                      master: { type: "array", items: { type: "string" } },
                      ippools: {
                        type: "object",
                        properties: { ipv4: { type: "array", items: { type: "string" } } },
                      },
                    },
                  },
                  chainCNIJsonData: { type: "array", items: { type: "string" } },
                },
              },
            },
          },
        },
      },
    ],
  },
};

suite("install", { kubernetes: ["kube-apiserver", "etcd", "kubectl"], tools: ["openssl", "diff"] }, () => {
  let plane: ControlPlane;
  beforeAll(async () => {
    plane = await createCluster();
    const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    await plane.api.create(definitions, spiderMultusConfigs);
    const path = "/apis/spiderpool.spidernet.io/v2beta1/spidermultusconfigs";
    await eventually("Spiderpool's objects are served", async () =>
      (await plane.api.ask("GET", path)).status === 200 ? true : undefined,
    );
  });
  afterAll(() => plane?.stop());

  describe.each(named)("%s", (_, folder) => {
    it("is applied without a warning, every field known, and then there is no difference", async () => {
      const { all, exitCode } = await kubectl(plane, ["apply", "--validate=strict", "-k", folder]);
      const lines = all.split("\n");
      expect(lines.filter((line) => !/ (?:created|configured|unchanged)$/.test(line))).toEqual([]);
      expect([exitCode, lines.length]).toEqual([0, (await render(folder)).length]);
      expect(await kubectl(plane, ["diff", "-k", folder])).toMatchObject({ exitCode: 0, all: "" });
    });
  });

  it("on OVN-Kubernetes brings no definition of k8s.ovn.org, and all else", async () => {
    const [base, ovn] = await Promise.all([render(INSTALL), render(join(OVERLAYS, "ovn-kubernetes"))]);
    const ours = names(base).filter((name) => !/^CustomResourceDefinition .*\.k8s\.ovn\.org$/.test(name));
    expect(names(ovn)).toEqual(ours);
    expect(base.length - ovn.length).toBe(2);
  });

  it("a pod of each DaemonSet is one that the API server takes, and none is privileged", async () => {
    type Workload = Rendered & {
      readonly spec: { readonly template: { readonly metadata: object; readonly spec: object } };
    };
    for (const folder of folders) {
      for (const object of await render(folder)) {
        if (object.kind !== "DaemonSet") continue;
        const { metadata, spec } = (object as Workload).spec.template;
        expect(JSON.stringify(spec)).not.toContain('"privileged":true');
        const pod = { metadata: { ...metadata, name: "x" }, spec };
        const answer = await plane.api.ask(
          "POST",
          "/api/v1/namespaces/pod-qos-system/pods?dryRun=All&fieldValidation=Strict",
          { value: pod },
        );
        expect([answer.status, answer.body.message]).toEqual([201, undefined]);
      }
    }
  });
});
