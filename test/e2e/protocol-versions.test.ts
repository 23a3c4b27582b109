/** The verbs in every version of CNI: which are served, what they print, what they answer to a version they do not know. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failed, succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import type { LabNode } from "../lab/node/node.ts";
import { callPlugin, type CniVerb } from "../lab/plugin/plugin.ts";
import { plug } from "../lab/plugin/plug.ts";
import { allWishes, leavesNothing, warmNode } from "../lab/plugin/warm-node.ts";

const versions = ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"] as const;
const since: Readonly<Partial<Record<CniVerb, string>>> = { CHECK: "0.4.0", GC: "1.1.0", STATUS: "1.1.0" };
const verbs = ["ADD", "CHECK", "GC", "STATUS", "DEL"] as const;

let node: LabNode;
beforeAll(async () => {
  node = await warmNode();
});
afterAll(() => node[Symbol.asyncDispose]());

describe("the life of a pod in CNI", () => {
  test.each(versions)("%s: each verb is served, or refused for its version", async (cniVersion) => {
    await leavesNothing(node, async () => {
      const pod = await plug(node, { conf: { ...allWishes, cniVersion } });
      const valid = [{ containerID: pod.pod.containerId, ifname: "eth0" }];
      for (const verb of verbs) {
        const answer = await pod.call(verb, { conf: { "cni.dev/valid-attachments": valid } });
        const introduced = since[verb];
        if (introduced !== undefined && cniVersion < introduced) {
          const error = failed(answer, 1, [cniVersion, verb, introduced]);
          expect(error.cniVersion).toBe(cniVersion);
        } else if (verb === "ADD") expect(JSON.parse(succeeded(answer))).toEqual(pod.prevResult);
        else succeededSilently(answer);
      }
      await pod.unplug();
      await pod.pod.remove();
    });
  });
});

describe("a cniVersion that is not supported", () => {
  const unsupported = ["0.1.0", "0.2.0", "0.3.2", "1.2.0", "2.0.0", "1.1", "v1.0.0", ""] as const;
  const rows = unsupported.flatMap((version) => verbs.map((verb) => [verb, version] as const));
  test.each(rows)(
    "%s with %j is refused with code 1, which tells what is supported",
    async (verb, cniVersion) => {
      const error = failed(
        await callPlugin(node, { command: verb, conf: { ...bare, cniVersion }, ...named }),
        1,
        [`"${cniVersion}"`],
      );
      expect(error.details).toContain('["0.3.0","0.3.1","0.4.0","1.0.0","1.1.0"]');
    },
  );

  test.each(verbs)("%s without one means 0.1.0: code 1", async (command) => {
    failed(await callPlugin(node, { command, conf: { name: "lab", type: "pod-qos" }, ...named }), 1, [
      '"0.1.0"',
    ]);
  });

  test("that is no string is code 1 as well", async () => {
    failed(await callPlugin(node, { command: "DEL", conf: { ...bare, cniVersion: 1 }, ...named }), 1);
  });
});

const reply = (cniVersion: string) => ({
  cniVersion,
  supportedVersions: ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"],
});

describe("VERSION", () => {
  const inputs: readonly (readonly [string, string, string])[] = [
    ["without stdin", "", "1.1.0"],
    ["with garbage", "}{", "1.1.0"],
    ["with JSON that is no object", "[1]", "1.1.0"],
    ["with null", "null", "1.1.0"],
    ...versions.map((version) => [`with ${version}`, `{"cniVersion":"${version}"}`, version] as const),
    ["with a version of tomorrow", '{"cniVersion":"9.9.9"}', "9.9.9"],
    ["with a cniVersion that is no string", '{"cniVersion":7}', "1.1.0"],
  ];
  test.each(inputs)("%s answers what is supported", async (_, conf, cniVersion) => {
    const answer = await callPlugin(node, { command: "VERSION", conf });
    expect(JSON.parse(succeeded(answer))).toEqual(reply(cniVersion));
  });

  test("needs no environment but CNI_COMMAND, and no PATH", async () => {
    const answer = await callPlugin(node, { command: "VERSION", path: "" });
    expect(JSON.parse(succeeded(answer))).toEqual(reply("1.1.0"));
  });
});

const bare = { name: "lab", type: "pod-qos", prevResult: {} } as const;
const named = { containerId: "c1", ifname: "eth0", netns: "/run/netns/none" } as const;
