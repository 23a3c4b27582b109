/** CHECK's whole answer: every program against what was read back for it. */
import { describe, expect, it } from "vitest";
import { plan } from "../../../plugin/datapath/plan.ts";
import { drift, type Observation } from "../../../plugin/program/drift.ts";
import type { Program } from "../../../plugin/program/program.ts";
import { parseTc } from "../../../plugin/program/tc-parse.ts";
import { egressCap, ingressCap, small, stock, taskOf } from "../support/task.ts";
import { printTc } from "../support/tc-print.ts";

const wishes = { egress: egressCap, ingress: ingressCap, mark: { dscp: 46, source: "test" } };

/** The kernel as it is when all of the programs came to be. */
function observe(program: Program): Observation {
  switch (program.tool) {
    case "link":
      return {
        tool: program.tool,
        seen: program.objects.map((ifb) => ({ ...ifb, ifindex: 9, up: true, peerIndex: undefined })),
      };
    case "tc": {
      const devices = [...new Set(program.objects.map(({ dev }) => dev))];
      const of = (dev: string): string =>
        printTc(
          program.objects.filter((object) => object.dev === dev),
          "6.1",
        );
      return { tool: program.tool, seen: devices.map((dev) => parseTc(dev, of(dev))) };
    }
    case "iptables":
    case "ip6tables":
      return {
        tool: program.tool,
        seen: program.objects.map(({ name, rules }) => ({
          name,
          rules,
          exists: true,
          jumpRules: [],
          jumps: 1,
        })),
      };
  }
}

function nothingOf(tool: Program["tool"]): Observation {
  if (tool === "link" || tool === "tc") return { tool, seen: [] };
  return { tool, seen: [] };
}

const kernels = [
  { kernel: "stock", features: stock },
  { kernel: "small", features: small },
];

describe.each(kernels)("the programs of a whole pod, $kernel kernel", ({ features }) => {
  const programs = plan(taskOf({ ...wishes, features }));
  const observations = programs.map(observe);

  it("have no drift from themselves", () => {
    expect(drift(programs, observations)).toEqual([]);
  });

  it.each(programs.map(({ tool, place }, at) => ({ tool, place, at })))(
    "$tool on $place: each object that is gone is told",
    ({ at }) => {
      const program = programs[at];
      const empty = observations.map((seen, other) => (other === at ? nothingOf(seen.tool) : seen));
      expect(drift(programs, empty)).toHaveLength(program?.objects.length ?? -1);
    },
  );

  it("that were not read back at all are told by tool", () => {
    expect(drift(programs, [])).toEqual(programs.map(({ tool }) => `nothing was read back for ${tool}`));
  });
});

it("a policer that drops long packets is told: GSO packets are long", () => {
  const programs = plan(taskOf({ egress: egressCap }));
  const node = programs.filter(({ place }) => place === "node");
  const text = printTc(
    node.flatMap((program) => (program.tool === "tc" ? program.objects : [])),
    "6.1",
  );
  const seen = parseTc("veth3543b51d", text.replace("mtu 1Mb", "mtu 2Kb"));
  expect(drift(node, [{ tool: "tc", seen: [seen] }])).toEqual([
    "police filter pref 9 at ingress of veth3543b51d: it drops packets above 2048 bytes",
  ]);
});
