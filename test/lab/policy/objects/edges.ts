/** Of each field what may just be there, and what may just not: too few of the random objects come so near. */

export type Edge = { readonly of: string; readonly good: readonly object[]; readonly bad: readonly object[] };

const networkQos = (spec: object): object => ({
  apiVersion: "k8s.ovn.org/v1alpha1",
  kind: "NetworkQoS",
  metadata: { name: "edge" },
  spec: { priority: 1, egress: [{ dscp: 1 }], ...spec },
});

const inRule = (rule: object): object => networkQos({ egress: [{ dscp: 1, ...rule }] });
const inClassifier = (classifier: object): object => inRule({ classifier });

const mostThousands = 2 ** 32 - 1;

type Row = readonly [string, (value: unknown) => object, readonly unknown[], readonly unknown[]];

const rows: readonly Row[] = [
  ["priority", (priority) => networkQos({ priority }), [0, 100], [-1, 101, 1.5, "10"]],
  ["dscp", (dscp) => inRule({ dscp }), [0, 63], [-1, 64, "EF"]],
  ["rate", (rate) => inRule({ bandwidth: { rate } }), [1, mostThousands], [0, mostThousands + 1]],
  ["burst", (burst) => inRule({ bandwidth: { rate: 1, burst } }), [1, mostThousands], [0, mostThousands + 1]],
  [
    "discipline",
    (discipline) => inRule({ bandwidth: { rate: 1, discipline } }),
    ["police", "shape"],
    ["drop"],
  ],
  ["bandwidth", (bandwidth) => inRule({ bandwidth }), [{ rate: 1 }], [{}, { burst: 1 }]],
  ["port", (port) => inClassifier({ ports: [{ port }] }), [1, 65_535], [0, 65_536]],
  [
    "protocol",
    (protocol) => inClassifier({ ports: [{ protocol }] }),
    ["TCP", "UDP", "SCTP"],
    ["tcp", "ICMP", ""],
  ],
  ["an entry of ports", (port) => inClassifier({ ports: [port] }), [], [{}]],
  [
    "an entry of to",
    (peer) => inClassifier({ to: [peer] }),
    [{ podSelector: {} }, { namespaceSelector: {} }, { podSelector: {}, namespaceSelector: {} }],
    [{}, { podSelector: {}, ipBlock: { cidr: "10.0.0.0/8" } }, { podSelector: { app: "a" } }],
  ],
  ["an entry of from", (peer) => inClassifier({ from: [peer] }), [], [{}, { podSelector: {} }]],
  ["podSelector", (podSelector) => networkQos({ podSelector }), [{}, { matchLabels: {} }], [{ app: "a" }]],
  [
    "networkSelector",
    (networkSelector) =>
      networkQos({
        networkSelectors: [
          {
            networkSelectionType: "ClusterUserDefinedNetworks",
            clusterUserDefinedNetworkSelector: { networkSelector },
          },
        ],
      }),
    [{ matchLabels: { a: "b" } }, { matchExpressions: [{ key: "a", operator: "Exists" }] }],
    [{}, { matchLabels: {} }, { matchExpressions: [] }],
  ],
];

export const edges: readonly Edge[] = rows.map(([of, objectWith, good, bad]) => ({
  of,
  good: good.map(objectWith),
  bad: bad.map(objectWith),
}));
