/** CHECK's whole answer: every program against what was read back for it. */
import { describe, expect, it } from "vitest";
import { plan } from "../../../plugin/datapath/plan.ts";
import { drift, handlerOf, type Observation, type Program } from "../../../plugin/program/program.ts";
import { egressCap, ingressCap, small, stock, taskOf } from "../support/task.ts";
import { printTc } from "../support/tc-print.ts";

const wishes = { egress: egressCap, ingress: ingressCap, mark: { dscp: 46, source: "test" } };

/** What the tools answer when all of the program came to be. */
function answers(program: Program): readonly string[] {
  switch (program.tool) {
    case "link":
      return program.objects.map(({ name, mtu, alias }) =>
        JSON.stringify([
          { ifname: name, ifindex: 9, mtu, ifalias: alias, flags: ["UP"], linkinfo: { info_kind: "ifb" } },
        ]),
      );
    case "tc": {
      const devices = [...new Set(program.objects.map(({ dev }) => dev))];
      return devices.map((dev) =>
        printTc(
          program.objects.filter((object) => object.dev === dev),
          "6.1",
        ),
      );
    }
    case "ipset":
    case "iptables":
    case "ip6tables":
      // A restore's input is a save's output, save for the verbs that make a chain.
      return [
        handlerOf(program)
          .add(program.objects)
          .input.replaceAll(/^-N (\S+)/gm, ":$1 - [0:0]"),
      ];
  }
}

function observe(program: Program, texts: readonly string[]): Observation {
  return { program, seen: handlerOf(program).parse(texts, program.objects) };
}

const kernels = [
  { kernel: "stock", features: stock },
  { kernel: "small", features: small },
];

describe.each(kernels)("the programs of a whole pod, $kernel kernel", ({ features }) => {
  const programs = plan(taskOf({ ...wishes, features }));
  const observations = programs.map((program) => observe(program, answers(program)));

  it("have no drift from themselves", () => {
    expect(drift(observations)).toEqual([]);
  });

  it.each(programs.map(({ tool, place }, at) => ({ tool, place, at })))(
    "$tool on $place: each object that is gone is told",
    ({ at }) => {
      const empty = observations.map((seen, other) => (other === at ? observe(seen.program, []) : seen));
      expect(drift(empty)).toHaveLength(programs[at]?.objects.length ?? -1);
    },
  );
});

it("a policer that drops long packets is told: GSO packets are long", () => {
  const programs = plan(taskOf({ egress: egressCap }));
  const node = programs.filter(({ place }) => place === "node");
  const text = printTc(
    node.flatMap((program) => (program.tool === "tc" ? program.objects : [])),
    "6.1",
  );
  const observed = node.map((program) => observe(program, [text.replace("mtu 1Mb", "mtu 2Kb")]));
  expect(drift(observed)).toEqual([
    "police filter pref 9 at ingress of veth3543b51d: it drops packets above 2048 bytes",
  ]);
});
