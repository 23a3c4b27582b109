/** One table of everything that an operator or a pod's author can get wrong in conf and annotations. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failed, succeededSilently } from "../lab/plugin/answers.ts";
import { badAnnotations } from "../lab/plugin/bad-annotations.ts";
import { badConfs } from "../lab/plugin/bad-conf.ts";
import type { BadInput } from "../lab/plugin/bad-input.ts";
import { exactState, recordNames, stateFiles } from "../lab/node/exact-state.ts";
import type { LabNode } from "../lab/node/node.ts";
import { plug, type Plug } from "../lab/plugin/plug.ts";
import { allWishes, warmNode } from "../lab/plugin/warm-node.ts";

let node: LabNode;
let pod: Plug;
let untouched: unknown;
beforeAll(async () => {
  node = await warmNode();
  pod = await plug(node, { conf: allWishes });
  untouched = [await exactState(node, pod.pod), stateFiles(node)];
});
afterAll(() => node[Symbol.asyncDispose]());

const badInputs = [...badConfs, ...badAnnotations];
const annotationsKey = "io.kubernetes.cri.pod-annotations";

const confOf = ({ conf, annotations, bandwidth }: BadInput): Readonly<Record<string, unknown>> => ({
  ...conf,
  ...(annotations === undefined && bandwidth === undefined
    ? {}
    : { runtimeConfig: { [annotationsKey]: annotations, bandwidth } }),
});

describe("ADD refuses, names field and value, and leaves no object and no record", () => {
  test.each(badInputs)("$title: code $code", async (bad) => {
    const answer = await pod.call("ADD", { conf: confOf(bad) });
    failed(answer, bad.code, bad.names);
    expect([await exactState(node, pod.pod), stateFiles(node)]).toEqual(untouched);
  });
});

describe("the same input", () => {
  // Without a network's name nothing tells whose the attachment is.
  const named = badInputs.filter(({ conf }) => conf === undefined || !("name" in conf));
  test.each(named)("is no obstacle for DEL: $title", async (bad) => {
    succeededSilently(await pod.call("DEL", { conf: confOf(bad) }));
  });

  const inConf = badInputs.filter(
    ({ conf, annotations }) => conf !== undefined && annotations === undefined && !("runtimeConfig" in conf),
  );
  test.each(inConf)("is told by STATUS where it is the conf's: $title", async (bad) => {
    failed(await pod.call("STATUS", { conf: confOf(bad) }), bad.code, bad.names);
    expect(recordNames(node)).toEqual([]);
  });
});

test("a conf by which no pod can ever have a limit is told of in the log, and the pod gets its network", async () => {
  const { exitCode, stderr } = await pod.call("ADD", {
    conf: { defaults: undefined, capabilities: undefined },
  });
  expect(exitCode).toBe(0);
  expect(stderr).toMatch(/warn pod-qos: ADD .* declares no capabilities.*every pod is unlimited/);
});
