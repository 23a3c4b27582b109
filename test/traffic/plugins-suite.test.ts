/**
 * The integration suite of the CNI project's own plugins, run by cnitool, with `"type": "bandwidth"` changed to ours: whoever
 * replaces the bandwidth plugin changes no more than that. What else is changed in it, scripts/lab/peers.json says.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createNode, type LabNode } from "../lab/node/node.ts";
import { suite } from "../lab/node/needs.ts";
import { NODE_CNI_BIN, peer, pinnedSuite } from "../lab/node/paths.ts";
import { linkPlugin } from "../lab/plugin/plugin.ts";
import type { ExecResult } from "../lab/node/process.ts";

const NAME = "plugins-integration";
const plugins = ["ptp", "bridge", "host-local"];

suite(
  "the plugins' own suite",
  { plugin: true, peers: ["cnitool", ...plugins], suites: [NAME], tools: ["go", "ip"] },
  () => {
    let node: LabNode;
    let module: string;
    beforeAll(async () => {
      node = await createNode();
      module = pinnedSuite(NAME) ?? "";
      linkPlugin(node);
      for (const name of plugins)
        await node.exec("ln", ["-s", peer(name) ?? name, `${NODE_CNI_BIN}/${name}`]);
      // It looks for plugins in bin/ beside itself. The mount is the node's alone.
      await node.exec("sh", [
        "-ec",
        'mkdir -p "$1/bin"; mount --bind "$2" "$1/bin"',
        "sh",
        module,
        NODE_CNI_BIN,
      ]);
    });
    afterAll(() => node[Symbol.asyncDispose]());

    const run = (spec: string): Promise<ExecResult> =>
      node.exec(
        "sh",
        [
          "-ec",
          'cd "$1/integration"; exec ./suite.test "-ginkgo.focus=$2" -ginkgo.v -ginkgo.no-color',
          "sh",
          module,
          spec,
        ],
        {
          env: environment(),
          reject: false,
          timeoutMs: 200_000,
        },
      );

    describe("passes with pod-qos in the bandwidth plugin's place", () => {
      test.each([
        "supports basic network add and del operations",
        "supports add and del with ptp . bandwidth",
        "limits traffic only on the restricted bandwidth veth device",
      ])("%s", async (spec) => {
        const { exitCode, stdout } = await run(spec);
        expect(stdout).toContain("Ran 1 of 3 Specs");
        expect(stdout).toContain("1 Passed | 0 Failed");
        expect(exitCode).toBe(0);
      });
    });
  },
);

/** It has cnitool on its PATH and builds its echo server and client with Go, from what setting up has left in Go's cache. */
const environment = (): Readonly<Record<string, string>> => ({
  HOME: process.env["HOME"] ?? "/root",
  PATH: `${peerFolder()}:${process.env["PATH"] ?? ""}:/usr/local/go/bin:/usr/sbin:/sbin`,
  CGO_ENABLED: "0",
  GOPROXY: "off",
});

const peerFolder = (): string => (peer("cnitool") ?? "").replace(/\/[^/]*$/, "");
