/** stdin: what is no conf is code 6, what comes slowly is waited for, and prevResult goes back byte for byte. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failed, succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import { createNode, type LabNode } from "../lab/node/node.ts";
import { callPlugin, linkPlugin } from "../lab/plugin/plugin.ts";
import { defaultConf, plug, type Plug } from "../lab/plugin/plug.ts";
import { addSlowly } from "../lab/plugin/slow-client.ts";
import { allWishes } from "../lab/plugin/warm-node.ts";

let node: LabNode;
let pod: Plug;
beforeAll(async () => {
  node = await createNode();
  pod = await plug(node);
});
afterAll(() => node[Symbol.asyncDispose]());

const verbs = ["ADD", "CHECK", "DEL", "GC", "STATUS"] as const;

describe("stdin that is no network configuration is code 6", () => {
  const inputs: readonly (readonly [string, string])[] = [
    ["empty", ""],
    ["white space", " \n\t"],
    ["not JSON", "{name: lab}"],
    ["cut off", '{"cniVersion":"1.1.0","name":'],
    ["with something behind it", "{} {}"],
    ["null", "null"],
    ["an array", "[]"],
    ["a string", '"1.1.0"'],
    ["a number", "7"],
    ["binary", "\u0000\u0001\u0002"],
  ];
  const rows = inputs.flatMap(([title, input]) => verbs.map((verb) => [title, verb, input] as const));
  test.each(rows)("%s, %s", async (_, verb, input) => {
    failed(await pod.call(verb, { conf: input }), 6, ["stdin"]);
  });
});

const whole = (): string => JSON.stringify(pod.conf);

describe("stdin that is unusual is served", () => {
  test("with a byte order mark", async () => {
    expect(JSON.parse(succeeded(await pod.call("ADD", { conf: `\uFEFF${whole()}` })))).toEqual(
      pod.prevResult,
    );
  });

  test("with white space around it", async () => {
    expect(JSON.parse(succeeded(await pod.call("ADD", { conf: `\r\n\t ${whole()} \n\n` })))).toEqual(
      pod.prevResult,
    );
  });

  test("of a megabyte", async () => {
    const big = { ...pod.conf, args: { cni: { labels: { big: "x".repeat(1_000_000) } } } };
    succeededSilently(await pod.call("DEL", { conf: JSON.stringify(big) }));
  });

  test("with millions of escapes in one string", async () => {
    const labels = { odd: '"'.repeat(4_000_000) };
    const conf = JSON.stringify({ ...pod.conf, args: { cni: { labels } } });
    expect(JSON.parse(succeeded(await pod.call("ADD", { conf })))).toEqual(pod.prevResult);
    succeededSilently(await pod.call("DEL", { conf }));
  });

  test("that comes slowly, byte by byte, over a pipe that does not block", async () => {
    const answer = await addSlowly(node, whole(), {
      CNI_NETNS: pod.pod.netns,
      CNI_CONTAINERID: pod.pod.containerId,
    });
    expect(JSON.parse(answer)).toEqual(pod.prevResult);
  });
});

const confWith = (text: string): string =>
  `${JSON.stringify({ ...defaultConf, cniVersion: "1.0.0" }).slice(0, -1)},"prevResult":${text}}`;

const addWith = async (text: string): Promise<string> =>
  succeeded(await pod.call("ADD", { conf: confWith(text) }));

describe("prevResult", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["numbers as they were written", '{"cniVersion":"1.1.0","a":1.0,"b":1e3,"c":-0,"d":0.10}'],
    ["integers beyond 2^53", '{"cniVersion":"1.1.0","big":12345678901234567890,"other":9007199254740993}'],
    ["unknown keys", '{"cniVersion":"1.1.0","x-vendor":{"deep":[{"er":null}]},"interfaces":[]}'],
    ["odd order of keys", '{"z":1,"10":2,"2":3,"cniVersion":"1.1.0","a":4}'],
    ["white space", '{ "cniVersion" : "1.1.0" ,\n\t"ips" : [ ] ,"dns":{ }\r\n}'],
    ["escapes", '{"cniVersion":"1.1.0","s":"\\u00e9\\/\\"}{][,:\\\\","t":"é\\n"}'],
    ["a key twice", '{"cniVersion":"1.1.0","a":1,"a":2}'],
  ];
  const settings = [
    ["without wishes", {}],
    ["with a mark", { defaults: { dscp: "EF" } }],
  ] as const;
  const rows = settings.flatMap(([how, conf]) =>
    cases.map(([what, text]) => [what, how, text, conf] as const),
  );

  test.each(rows)("goes back byte for byte: %s, %s", async (_, __, text, conf) => {
    const head = JSON.stringify({ ...defaultConf, ...conf }).slice(0, -1);
    const stdout = succeeded(await pod.call("ADD", { conf: `${head}, "prevResult" : ${text} }` }));
    expect(stdout).toBe(text.trim());
    succeededSilently(await pod.call("DEL"));
  });

  test("that is in another version is said to be in the conf's, and otherwise untouched", async () => {
    expect(await addWith('{"a":1.0,"cniVersion":"0.4.0"}')).toBe('{"a":1.0,"cniVersion":"1.0.0"}');
    expect(await addWith('{"a":1.0}')).toBe('{"cniVersion":"1.0.0","a":1.0}');
    expect(await addWith("{}")).toBe('{"cniVersion":"1.0.0"}');
  });

  test("that another key's value only looks like is not taken for it", async () => {
    const decoy = { ...pod.conf, args: { prevResult: { wrong: true }, text: '"prevResult":{"wrong":1}' } };
    expect(JSON.parse(succeeded(await pod.call("ADD", { conf: decoy })))).toEqual(pod.prevResult);
  });

  const absent = [undefined, null, [], "text", 5] as const;
  test.each(absent)("%j is code 7 for ADD and CHECK, with wishes and without", async (prevResult) => {
    for (const verb of ["ADD", "CHECK"] as const) {
      failed(await pod.call(verb, { conf: { prevResult } }), 7, ["prevResult"]);
      failed(await pod.call(verb, { conf: { ...allWishes, prevResult } }), 7, ["prevResult"]);
    }
  });
});

describe("stdout", () => {
  test("is empty after DEL, CHECK, GC and STATUS", async () => {
    succeeded(await pod.call("ADD", { conf: allWishes }));
    for (const verb of ["CHECK", "STATUS", "GC", "DEL"] as const) {
      succeededSilently(await pod.call(verb, { conf: allWishes }));
    }
  });

  test("of an error repeats the conf's version where it is known", async () => {
    expect(failed(await pod.call("ADD", { conf: { cniVersion: "0.4.0", typo: 1 } }), 7).cniVersion).toBe(
      "0.4.0",
    );
    expect(failed(await callPlugin(node, { command: "ADD", conf: "{" }), 4)).not.toHaveProperty("cniVersion");
  });

  test("that nobody reads does not keep the plugin from finishing", async () => {
    const script = 'exec "$1" <"$2" | true';
    await node.exec("sh", ["-c", 'cat >"$1"', "sh", "/run/conf.json"], {
      input: JSON.stringify({ ...pod.conf, ...allWishes }),
    });
    const env = {
      CNI_COMMAND: "ADD",
      CNI_IFNAME: "eth0",
      CNI_NETNS: pod.pod.netns,
      CNI_CONTAINERID: pod.pod.containerId,
    };
    const { stderr } = await node.exec("sh", ["-c", script, "sh", linkPlugin(node), "/run/conf.json"], {
      env,
    });
    expect(stderr).toBe("");
    succeededSilently(await pod.call("CHECK", { conf: allWishes }));
    succeededSilently(await pod.call("DEL"));
  });
});
