/** What objects and labels give the pods "web", wherever they come from: files of a node, or the API. */
import {
  app,
  both,
  edited,
  fast,
  given,
  marking,
  onNetworks,
  ruling,
  type Change,
  type Row,
} from "./followed.ts";

export type Kind = "EgressQoS" | "NetworkQoS";

/** How each comes to be there. The pods are in one namespace, and net1 is of the network. */
export type Objects = {
  readonly made: (kind: Kind, spec: object) => Change;
  readonly editedTo: (kind: Kind, spec: object) => Change;
  readonly network: (labels: object) => Change;
  readonly namespace: (labels: object, annotations?: object) => Change;
};

export const objectRows = ({ made, editedTo, network, namespace }: Objects): readonly Row[] => [
  ["an EgressQoS made", made("EgressQoS", marking(46, app("web"))), { eth0: { dscp: 46, rules: 1 } }],
  [
    "an EgressQoS edited",
    edited(made("EgressQoS", marking(46)), editedTo("EgressQoS", marking(12))),
    { eth0: { dscp: 12, rules: 1 } },
  ],
  ["a NetworkQoS made", made("NetworkQoS", ruling(1, { podSelector: app("web") })), both({ rules: 1 })],
  [
    "a NetworkQoS edited",
    edited(made("NetworkQoS", ruling(1)), editedTo("NetworkQoS", ruling(3))),
    both({ rules: 3 }),
  ],
  ["a Namespace's labels, by a class", namespace({ team: "a" }), { eth0: { class: "team" } }],
  [
    "a network's labels",
    given(made("NetworkQoS", ruling(1, onNetworks(fast))), network({ speed: "fast" })),
    { net1: { rules: 1 } },
  ],
  [
    "a Namespace's labels, by networkSelectors",
    given(
      made("NetworkQoS", ruling(1, onNetworks(fast, ofTeamB))),
      given(network({ speed: "fast" }), namespace({ team: "b" })),
    ),
    { net1: { rules: 1 } },
  ],
  ["a Namespace's ceiling", namespace({}, egressAtMost("5M")), both({ egress: 5e6 })],
  [
    "a Namespace's ceiling lowered",
    edited(namespace({}, egressAtMost("5M")), namespace({}, egressAtMost("3M"))),
    both({ egress: 3e6 }),
  ],
  [
    "a Namespace's defaults",
    namespace({}, { "pod-qos/dscp": "EF", "net1.pod-qos/ingress-bandwidth": "6M", "pod-qos/class": "bulk" }),
    { eth0: { dscp: 46, rules: 1, class: "bulk" }, net1: { dscp: 46, rules: 1, ingress: 6e6 } },
  ],
];

const egressAtMost = (rate: string) => ({ "pod-qos/max-egress-bandwidth": rate });

const ofTeamB = { matchLabels: { team: "b" } };
