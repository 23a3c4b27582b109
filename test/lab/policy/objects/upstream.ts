/** The objects of OVN-Kubernetes' documents and tests, and of the documents that this product answers to. */

export type UpstreamObject = {
  readonly title: string;
  readonly object: object;
  /** The API takes it and the plugin does not: the title of what it knows better. */
  readonly knowsBetter?: string;
};

const egressQos = (egress: readonly object[], name = "default"): object => ({
  apiVersion: "k8s.ovn.org/v1",
  kind: "EgressQoS",
  metadata: { name, namespace: "default" },
  spec: { egress },
});

const networkQos = (name: string, spec: object): object => ({
  apiVersion: "k8s.ovn.org/v1alpha1",
  kind: "NetworkQoS",
  metadata: { name, namespace: "default" },
  spec,
});

const labelled = (matchLabels: Readonly<Record<string, string>>): object => ({ matchLabels });
const tcp = { protocol: "TCP" };
const notInside = { cidr: "0.0.0.0/0", except: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"] };

const documents: readonly UpstreamObject[] = [
  {
    title: "001 the enhancement: critical pods and the rest",
    object: egressQos([
      { dscp: 46, dstCIDR: "1.2.3.4/32", podSelector: labelled({ priority: "Critical" }) },
      { dscp: 30, dstCIDR: "0.0.0.0/0" },
    ]),
  },
  {
    title: "001 the enhancement: IPv6",
    object: egressQos([{ dscp: 48, dstCIDR: "2001:0db8:85a3:0000:0000:8a2e:0370:7330/124" }]),
  },
  {
    title: "003 egress-qos.md",
    object: egressQos([
      { dscp: 30, dstCIDR: "1.2.3.0/24" },
      { dscp: 42, podSelector: labelled({ app: "example" }) },
      { dscp: 28 },
    ]),
  },
  {
    title: "003 egress-qos.md, updated",
    object: egressQos([{ dscp: 48, podSelector: labelled({ app: "updated-example" }) }, { dscp: 28 }]),
  },
  {
    title: "002 usage-guide.md",
    object: networkQos("qos-external", {
      networkSelectors: [
        {
          networkSelectionType: "NetworkAttachmentDefinitions",
          networkAttachmentDefinitionSelector: {
            namespaceSelector: {},
            networkSelector: labelled({ "nad-type": "ovn-kubernetes-nqos" }),
          },
        },
      ],
      podSelector: labelled({ "nqos-app": "bw-limited" }),
      priority: 10,
      egress: [
        {
          dscp: 20,
          bandwidth: { burst: 100, rate: 20_000 },
          classifier: {
            to: [
              {
                ipBlock: { cidr: "0.0.0.0/0", except: ["10.11.12.13/32", "172.16.0.0/12", "192.168.0.0/16"] },
              },
            ],
          },
        },
      ],
    }),
  },
  ...["paid", "free"].map((who, at) => ({
    title: `okep-4380: ${who}`,
    object: networkQos(`qos-external-${who}`, {
      podSelector: labelled({ "user-type": who }),
      priority: at + 1,
      egress: [{ dscp: 20, classifier: { to: [{ ipBlock: notInside }] } }],
    }),
  })),
  {
    title: "okep-4380: with bandwidth",
    object: networkQos("qos-external-free", {
      podSelector: labelled({ "user-type": "free" }),
      priority: 2,
      egress: [
        {
          dscp: 11,
          bandwidth: { burst: 1_000_000, rate: 1_000_000 },
          classifier: { to: [{ ipBlock: notInside }] },
        },
      ],
    }),
  },
  {
    title: "okep-4380: a secondary network, its empty selector of namespaces written out",
    object: networkQos("qos-external-free", {
      networkSelectors: [
        {
          networkSelectionType: "NetworkAttachmentDefinitions",
          networkAttachmentDefinitionSelector: {
            namespaceSelector: { matchLabels: {} },
            networkSelector: labelled({ name: "ovn-storage" }),
          },
        },
      ],
      priority: 2,
      egress: [
        {
          dscp: 11,
          classifier: {
            to: [{ ipBlock: { cidr: "0.0.0.0/0" } }],
            ports: [80, 443].map((port) => ({ ...tcp, port })),
          },
        },
      ],
    }),
  },
  {
    title: "okep-4380: IPv6",
    object: networkQos("default", {
      priority: 3,
      egress: [
        {
          dscp: 48,
          classifier: { to: [{ ipBlock: { cidr: "2001:0db8:85a3:0000:0000:8a2e:0370:7330/124" } }] },
        },
      ],
    }),
  },
];

const component = (name: string): object => ({
  podSelector: labelled({ component: name }),
  namespaceSelector: labelled({ app: "nqos-test" }),
});

const endToEnd: readonly UpstreamObject[] = [
  ...[
    ["192.0.2.1/32", "192.0.2.2/32"],
    ["2001:db8::1/128", "2001:db8::2/128"],
  ].flatMap(([first, second]) => [
    {
      title: `egressqos.go, resource changes, ${first}`,
      object: egressQos([
        { dscp: 49, dstCIDR: first },
        { dscp: 48, podSelector: labelled({ app: "test" }) },
      ]),
    },
    {
      title: `egressqos.go, pod labels changes, ${first}`,
      object: egressQos([
        { dscp: 49, dstCIDR: first, podSelector: labelled({ test1: "test1" }) },
        { dscp: 48, dstCIDR: second, podSelector: labelled({ test2: "test2" }) },
      ]),
    },
  ]),
  {
    title: "networkqos.go, overlay traffic",
    object: networkQos("nqos-test-spec", {
      podSelector: labelled({ component: "nqos-test-src" }),
      priority: 50,
      egress: [
        { dscp: 50, classifier: { to: [component("nqos-test-dst")] } },
        { dscp: 51, classifier: { ports: [tcp], to: [component("nqos-test-tcp")] } },
        { dscp: 52, classifier: { ports: [{ ...tcp, port: 80 }], to: [component("nqos-test-web")] } },
      ],
    }),
  },
  {
    title: "networkqos.go, host network traffic",
    object: networkQos("nqos-test-spec", {
      podSelector: labelled({ component: "nqos-test-src" }),
      priority: 51,
      egress: [{}, { ports: [tcp] }, { ports: [{ ...tcp, port: 80 }] }].map((ports, at) => ({
        dscp: 32 + at,
        classifier: {
          ...ports,
          to: ["172.18.0.0/16", "fc00:f853:ccd:e793::/64"].map((cidr) => ({ ipBlock: { cidr } })),
        },
      })),
    }),
  },
  ...[{}, { ports: [tcp] }, { ports: [{ ...tcp, port: 80 }] }].map((ports, at) => ({
    title: `networkqos.go, limits, ${JSON.stringify(ports)}`,
    object: networkQos("nqos-test-spec", {
      podSelector: labelled({ component: "nqos-test-src" }),
      priority: 52 + at,
      egress: [
        {
          dscp: 1 + at,
          bandwidth: { rate: 10_000 },
          classifier: { ...ports, to: [component("nqos-test-dst")] },
        },
      ],
    }),
  })),
];

const limited = { rate: 10_000, burst: 100_000 };
const stream = (except: readonly string[]): object => ({ ipBlock: { cidr: "128.115.0.0/17", except } });

/** Its tests' clients ask no API server. Of what they say, this is what upstream's own definition lets pass. */
const controllers: readonly UpstreamObject[] = [
  {
    title: "network_qos_test.go: an unknown NetworkAttachmentDefinition, addresses as exceptions",
    object: networkQos("stream-qos", {
      networkSelectors: [
        {
          networkSelectionType: "NetworkAttachmentDefinitions",
          networkAttachmentDefinitionSelector: {
            namespaceSelector: {},
            networkSelector: labelled({ name: "unknown" }),
          },
        },
      ],
      priority: 100,
      podSelector: labelled({ app: "client" }),
      egress: [
        { dscp: 50, bandwidth: limited, classifier: { to: [stream(["128.115.0.0", "128.115.0.255"])] } },
      ],
    }),
  },
  {
    title: "network_qos_test.go: no source selector, an exception outside of its block",
    knowsBetter: "Exceptions outside of their block",
    object: networkQos("no-source-selector", {
      priority: 100,
      egress: [
        { dscp: 50, bandwidth: limited, classifier: { to: [stream(["128.115.0.0", "123.123.123.123"])] } },
      ],
    }),
  },
  {
    title: "egressqos_test.go: no selectors",
    object: egressQos([
      { dstCIDR: "1.2.3.4/32", dscp: 50 },
      { dstCIDR: "5.6.7.8/32", dscp: 60 },
    ]),
  },
  {
    title: "egressqos_test.go: a selector by expression",
    object: egressQos([
      {
        dstCIDR: "2001:0db8:85a3:0000:0000:8a2e:0370:7334/128",
        dscp: 50,
        podSelector: { matchExpressions: [{ key: "app", operator: "In", values: ["nice", "nicer"] }] },
      },
    ]),
  },
];

export const taken: readonly UpstreamObject[] = [...documents, ...endToEnd, ...controllers];

/** What upstream wants to see refused, and what its own definition refuses of its tests' objects. */
export const refused: readonly UpstreamObject[] = [
  { title: "egressqos.go: another name", object: egressQos([{ dscp: 50 }], "not-default") },
  ...["1.2.3.256/32", "1.2.3.4/42", "abc&!ABC/24", "2001:::::::7334/158"].map((dstCIDR) => ({
    title: `egressqos.go: dstCIDR ${dstCIDR}`,
    object: egressQos([{ dscp: 1, dstCIDR }]),
  })),
  {
    title: "egressqos_test.go: an operator that is none",
    object: egressQos([
      {
        dscp: 50,
        podSelector: { matchExpressions: [{ key: "foo", operator: "invalid_op", values: ["bar"] }] },
      },
    ]),
  },
  {
    title: "network_qos_test.go: protocols in small letters",
    object: networkQos("my-network-qos", {
      priority: 100,
      egress: [{ dscp: 50, classifier: { ports: [{ protocol: "tcp", port: 8080 }] } }],
    }),
  },
  {
    title: "network_qos_test.go: priority 200",
    object: networkQos("primary-network-qos", { priority: 200, egress: [{ dscp: 40 }] }),
  },
  ...["TCPfoo", "xUDPy", "fooSCTP"].map((protocol) => ({
    title: `what upstream's pattern lets pass: protocol ${protocol}`,
    object: networkQos("any", { priority: 1, egress: [{ dscp: 1, classifier: { ports: [{ protocol }] } }] }),
  })),
];
