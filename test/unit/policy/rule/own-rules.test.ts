import { describe, expect, it } from "vitest";
import { decide } from "../../../../plugin/attachment/decide.ts";
import { ErrorCode } from "../../../../plugin/errors.ts";
import { requestOf, type Saying } from "../../support/request.ts";
import { asyncRefusal } from "../../support/refusal.ts";

const sources = async (saying: Saying) =>
  (await decide(requestOf(saying), "forget")).rules.map(({ source, dscp }) => [source, dscp]);

const yaml = `
# the guide's rule
- dscp: AF22
  bandwidth: { rate: 20000, burst: 100 }
  classifier:
    to:
    - ipBlock:
        cidr: 0.0.0.0/0
        except: [10.11.12.13/32, 172.16.0.0/12]
- dscp: 46
`;
const json = '[{"dscp": 20, "classifier": {"ports": [{"protocol": "TCP"}]}}, {"dscp": 46}]';

describe("the rules of a pod", () => {
  it.each([
    ["YAML", yaml],
    ["JSON", json],
  ])("002-1 may be written in its annotation as %s", async (_, text) => {
    expect(await sources({ annotations: { "pod-qos/egress": text } })).toEqual([
      ["annotation pod-qos/egress[0]", 20],
      ["annotation pod-qos/egress[1]", 46],
    ]);
  });

  it.each([
    ["eth0", 1],
    ["net1", 2],
  ])("002-1 are those of its interface: %s", async (ifname, dscp) => {
    const annotations = { "pod-qos/egress": '[{"dscp": 1}]', "net1.pod-qos/egress": '[{"dscp": 2}]' };
    expect((await sources({ annotations, ifname })).map(([, mark]) => mark)).toEqual([dscp]);
  });

  it("come first, then those of the conf, and last the mark for all", async () => {
    const annotations = { "pod-qos/dscp": "5", "pod-qos/egress": '[{"dscp": 1}]' };
    const conf = { egress: [{ dscp: 2 }, { dscp: 3 }], defaults: { dscp: 6 } };
    expect(await sources({ annotations, conf })).toEqual([
      ["annotation pod-qos/egress[0]", 1],
      ["egress[0]", 2],
      ["egress[1]", 3],
      ["annotation pod-qos/dscp", 5],
    ]);
    expect(await sources({ conf })).toEqual([
      ["egress[0]", 2],
      ["egress[1]", 3],
      ["defaults.dscp", 6],
    ]);
  });

  it("may be no rules: an empty list takes back those for every interface", async () => {
    const annotations = { "pod-qos/egress": '[{"dscp": 1}]', "net1.pod-qos/egress": "[]" };
    expect(await sources({ annotations, ifname: "net1" })).toEqual([]);
  });
});

const alias = `
a: &a [x, x, x, x, x, x, x, x, x]
b: &b [*a, *a, *a, *a, *a, *a, *a, *a]
c: [*b, *b, *b, *b, *b, *b, *b, *b]
`;

describe("an annotation that is refused, with its name and code 7:", () => {
  it.each([
    ["nothing", "", "null is not valid: a list of rules"],
    ["a word", "EF", '"EF" is not valid: a list of rules'],
    ["one rule without its list", '{"dscp": 5}', '{"dscp":5} is not valid: a list of rules'],
    ["an octal number", "- dscp: 046", "046 in line 1 is octal to some and decimal to others"],
    ["torn JSON", '[{"dscp": 5', "is neither JSON nor YAML: "],
    ["torn YAML, with its line", "- dscp: 1\n- {dscp: 2", "line 2"],
    ["a key said twice", "- dscp: 1\n  dscp: 2", "neither JSON nor YAML: Map keys must be unique"],
    ["aliases", alias, "Alias resolution is disabled"],
    ["a key twice", '[{"dscp":46,"bandwidth":{"rate":1},"bandwidth":null}]', 'the key "bandwidth" is twice'],
    ["two documents", "- dscp: 1\n---\n- dscp: 2", "multiple documents"],
    ["a page too long", `[${" ".repeat(256 * 1024)}]`, "at most 262144"],
    ["JSON that is nested without end", "[".repeat(1e5) + "]".repeat(1e5), "too deep to show, is not valid"],
    ["YAML that is nested without end", `- ${"[".repeat(1e5)}`, "neither JSON nor YAML"],
    ["a bad value", '[{"dscp": 64}]', "annotation pod-qos/egress[0].dscp: 64 is not valid"],
  ])("%s", async (_, text, said) => {
    const { code, message } = await asyncRefusal(() =>
      decide(requestOf({ annotations: { "pod-qos/egress": text } }), "forget"),
    );
    expect(code).toBe(ErrorCode.invalidConfig);
    expect(message).toContain("annotation pod-qos/egress");
    expect(message).toContain(said);
  });

  it("one for another interface, for a typo is found when the pod starts", async () => {
    const annotations = { "net7.pod-qos/egress": '[{"dscp": 64}]' };
    expect((await asyncRefusal(() => decide(requestOf({ annotations }), "forget"))).message).toContain(
      "annotation net7.pod-qos/egress[0].dscp: 64",
    );
  });

  it("one of the conf, which names no annotation", async () => {
    const conf = { egress: [{ dscp: 1 }, { dscp: 99 }] };
    expect((await asyncRefusal(() => decide(requestOf({ conf }), "forget"))).message).toMatch(
      /^egress\[1\]\.dscp: 99/,
    );
  });
});
