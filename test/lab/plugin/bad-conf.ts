import { allowed, written, type BadInput, type Row } from "./bad-input.ts";

/** A key of the conf: `a.b` is inside an object. */
const inConf = ([field, value, ...also]: Row): BadInput => {
  const [outer = "", inner] = field.split(".");
  return {
    title: `conf ${field} ${written(value)}`,
    code: 7,
    names: [field, written(value), ...also],
    conf: { [outer]: inner === undefined ? value : { [inner]: value } },
  };
};

const fields: readonly Row[] = [
  ["capabilities", 5, '"bandwidth": true'],
  ["capabilities", { bandwith: true }, "bandwith", "io.kubernetes.cri.pod-annotations"],
  ["capabilities.bandwidth", "true", "true or false"],
  ["ingressRate", "10M"],
  ["ingressRate", -1],
  ["ingressRate", 1.5],
  ["egressRate", true],
  ["egressRate", 2 ** 53],
  ["egressBurst", []],
  ["ingressBurst", {}],
  ["enforce", "everywhere", "auto, host, pod"],
  ["enforce", 1, "auto, host, pod"],
  ["enforce", ""],
  ["discipline", "shaped", "shape, police"],
  ["discipline", false],
  ["stateDir", "relative/dir", "absolute path"],
  ["stateDir", ""],
  ["stateDir", 5],
  ["policyDir", "policies", "absolute path"],
  ["policyDir", ""],
  ["egress", { dscp: 5 }, "a list of rules"],
  ["logFile", "pod-qos.log", "absolute path"],
  ["logLevel", "verbose", "debug, info, warn, error"],
  ["defaults", "10M", "object"],
  ["defaults", []],
  ["defaults.ingressBandwidth", 10_000_000, allowed],
  ["defaults.egressBandwidth", "10Mbit", allowed],
  ["defaults.egressBandwidth", "100m", '"100M"'],
  ["defaults.dscp", 64, "0 to 63"],
  ["defaults.dscp", "AF44", "AF11 to AF43"],
  ["defaults.dscp", -1],
  ["defaults.dscp", 1.5],
  ["defaults.dscp", "ef"],
  ["defaults.dscp", ""],
  ["name", "-lab"],
  ["name", "a/b"],
  ["name", ""],
  ["name", 5],
  ["runtimeConfig", "text"],
];

const cap = (conf: Readonly<Record<string, unknown>>, ...names: readonly string[]): BadInput => ({
  title: `conf ${written(conf)}`,
  code: 7,
  names,
  conf,
});

/** Where the message names what is wrong inside. */
const rules: readonly BadInput[] = [
  cap({ egress: [5] }, "egress[0]", "5", "an object"),
  cap({ egress: [{ dscp: 64 }] }, "egress[0].dscp", "64", "0 to 63"),
  cap({ egress: [{ dscp: 1, rate: 5 }] }, "egress[0].rate", "bandwidth"),
  cap({ egress: [{ bandwidth: { burst: 5 } }] }, "egress[0].bandwidth", "rate"),
];

/** Right one by one, wrong together or in size. */
const statics: readonly BadInput[] = [
  cap({ ingressRate: 8000 }, "ingressRate", "8000", "ingressBurst"),
  cap({ egressRate: 8000 }, "egressRate", "8000", "egressBurst"),
  cap({ ingressBurst: 8000 }, "ingressBurst", "8000", "ingressRate"),
  cap({ egressBurst: 8000 }, "egressBurst", "8000", "egressRate"),
  cap({ egressRate: 999, egressBurst: 8000 }, "egressRate", "999", allowed),
  cap({ egressRate: 1.1e15, egressBurst: 8000 }, "egressRate", "1100000000000000", allowed),
  cap({ egressRate: 8000, egressBurst: (2 ** 32 - 1) * 8 }, "egressBurst", "34359738360", "below 32Gi"),
];

const unknownKeys: readonly BadInput[] = [
  cap({ egresRate: 8000 }, '"egresRate"', "egressRate"),
  cap({ unshapedSubnets: [] }, '"unshapedSubnets"', '"egress"', '"except"'),
  cap({ shapedSubnets: ["192.0.2.0/24"] }, '"shapedSubnets"', '"egress"', '"except"'),
  cap({ defaults: { egress: "10M" } }, '"defaults.egress"', "egressBandwidth"),
];

const uplinks: readonly BadInput[] = [
  cap({ uplink: { device: "eth0" } }, "uplink.classes", "an object"),
  cap({ uplink: { device: "eth0", default: "d", classes: { d: { rte: "1M" } } } }, '"uplink.classes.d.rte"'),
  cap({ uplink: { device: "lo", rate: "1M", default: "d", classes: { d: { rate: "2M" } } } }, "(2M)", "(1M)"),
  cap({ defaults: { class: "bulk" } }, "defaults.class", '"bulk"', "uplink"),
];

/** Everything wrong in the conf itself. */
export const badConfs: readonly BadInput[] = [
  ...fields.map(inConf),
  ...rules,
  ...statics,
  ...unknownKeys,
  ...uplinks,
];
