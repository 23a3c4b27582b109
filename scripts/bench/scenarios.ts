/** What start-up is measured on: a table, one row per timed call. One round runs it from top to bottom. Pure. */
import type { Against } from "./report.ts";

export type Subject = "bare Node" | "pod-qos" | "bandwidth";

export type Scenario = {
  readonly title: string;
  readonly subject: Subject;
  readonly command: "ADD" | "DEL" | "CHECK" | "GC" | "STATUS" | "VERSION";
  /** The pod it is called for; each name is wired before the first round. */
  readonly pod?: string;
  /** More of the conf than cniVersion, name, type and prevResult. */
  readonly conf?: Readonly<Record<string, unknown>>;
  readonly against: readonly Against[];
};

export function scenarios(): readonly Scenario[] {
  return [
    bare,
    ours("VERSION", "VERSION", 1.1, "VERSION"),
    { title: "VERSION", subject: "bandwidth", command: "VERSION", against: [toBare()] },
    ours("STATUS", "STATUS", 1.2),
    ...lives.map((life) => of(life, "ADD")),
    bare,
    ...lives.map((life) => of(life, "CHECK")),
    ours("GC, all pods alive", "GC"),
    bare,
    ...lives.map((life) => of(life, "DEL")),
  ];
}

/** One pod from ADD to DEL. To measure another kind of pod, add a row. */
type Life = {
  readonly title: string;
  readonly subject: Subject;
  readonly conf: Readonly<Record<string, unknown>>;
  readonly budgets?: Readonly<Partial<Record<Scenario["command"], number>>>;
  /** The life of the bandwidth plugin's pod it is compared with. */
  readonly like?: string;
  /** Another life of ours, and how much more than that one's its ADD may take. */
  readonly beside?: { readonly title: string; readonly limit: number };
};

/** Where an agent's files lie: of a pod, and of 500 objects. */
export const liveStateDir = "/run/bench/live";

const annotated = (annotations: Readonly<Record<string, string>>) => ({
  capabilities: { bandwidth: true, "io.kubernetes.cri.pod-annotations": true },
  runtimeConfig: { "io.kubernetes.cri.pod-annotations": annotations },
});

const bothCaps = { "kubernetes.io/ingress-bandwidth": "20M", "kubernetes.io/egress-bandwidth": "10M" };

/** What the profile looks at, too. */
export const capsAndMark = annotated({ ...bothCaps, "pod-qos/dscp": "46" });

const lives: readonly Life[] = [
  { title: "no wishes", subject: "pod-qos", conf: annotated({}), budgets: { ADD: 1.25 }, like: "no wishes" },
  {
    title: "caps, mark",
    subject: "pod-qos",
    conf: capsAndMark,
    budgets: { ADD: 2, CHECK: 2, DEL: 2.5 },
    like: "caps",
  },
  { title: "caps", subject: "pod-qos", conf: annotated(bothCaps), budgets: { DEL: 1.7 }, like: "caps" },
  {
    title: "ingress cap, mark: no ifb",
    subject: "pod-qos",
    conf: annotated({ "kubernetes.io/ingress-bandwidth": "20M", "pod-qos/dscp": "46" }),
  },
  {
    title: "caps, mark, police",
    subject: "pod-qos",
    conf: { ...capsAndMark, discipline: "police" },
  },
  {
    title: "caps, mark, in the pod",
    subject: "pod-qos",
    conf: { ...capsAndMark, enforce: "pod" },
  },
  {
    title: "no wishes, an agent's files",
    subject: "pod-qos",
    conf: { ...annotated({}), stateDir: liveStateDir },
    // A twentieth of bare Node, of which this ADD takes about one and a quarter.
    beside: { title: "no wishes", limit: 1.04 },
  },
  { title: "no wishes", subject: "bandwidth", conf: {} },
  {
    title: "caps",
    subject: "bandwidth",
    conf: {
      runtimeConfig: {
        bandwidth: {
          ingressRate: 20_000_000,
          ingressBurst: 2_000_000,
          egressRate: 10_000_000,
          egressBurst: 1_000_000,
        },
      },
    },
  },
];

function of({ title, subject, conf, budgets, like, beside }: Life, command: Scenario["command"]): Scenario {
  return {
    title: `${command} ${title}`,
    subject,
    command,
    pod: `${subject} ${title}`,
    conf,
    against: [
      toBare(budgets?.[command]),
      ...(like === undefined ? [] : [{ subject: "bandwidth", title: `${command} ${like}` }]),
      ...(beside === undefined || command !== "ADD"
        ? []
        : [
            { subject, title: `${command} ${beside.title}`, budget: { metric: "wall", limit: beside.limit } },
          ]),
    ],
  };
}

function ours(title: string, command: Scenario["command"], limit?: number, like?: string): Scenario {
  const peers = like === undefined ? [] : [{ subject: "bandwidth", title: like }];
  return { title, subject: "pod-qos", command, against: [toBare(limit), ...peers] };
}

function toBare(limit?: number): Against {
  const budget = limit === undefined ? {} : { budget: { metric: "wall", limit } };
  return { subject: bare.subject, title: bare.title, ...budget };
}

/** Node with an empty script. It stands in the table more than once, for everything else is divided by it. */
const bare = {
  title: "an empty script",
  subject: "bare Node",
  command: "VERSION",
  against: [],
} as const satisfies Scenario;
