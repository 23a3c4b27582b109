/** The control plane as command lines (pure). */
import { join } from "node:path";
import type { Certificates } from "./certificates.ts";

export type Ports = { readonly api: number; readonly etcd: number; readonly etcdPeers: number };

const SERVICE_RANGE = "10.96.0.0/16";

/** Of the service that pods find the API server by: the range's first. */
export const SERVICE_ADDRESS = "10.96.0.1";

/** One member whose data need not outlive a crash of the machine. */
export const etcdArguments = (folder: string, ports: Ports): readonly string[] => {
  const [clients, peers] = [`http://127.0.0.1:${ports.etcd}`, `http://127.0.0.1:${ports.etcdPeers}`];
  return [
    ["--data-dir", join(folder, "etcd")],
    ["--name", "one"],
    ["--unsafe-no-fsync"],
    ["--log-level", "warn"],
    ["--listen-client-urls", clients],
    ["--advertise-client-urls", clients],
    ["--listen-peer-urls", peers],
    ["--initial-advertise-peer-urls", peers],
    ["--initial-cluster", `one=${peers}`],
  ].flat();
};

/**
 * Without controllers the ServiceAccount admission plugin is off: with it pods are refused until a controller manager has made
 * their namespace's account. Without an endpoint reconciler: 127.0.0.1 is no address of a service.
 */
export const apiServerArguments = (
  folder: string,
  ports: Ports,
  certificates: Certificates,
  { audit = false, controllers = false, egressSocket }: ApiServerWishes,
): readonly string[] =>
  [
    ["--etcd-servers", `http://127.0.0.1:${ports.etcd}`],
    ["--bind-address", "127.0.0.1"],
    ["--advertise-address", "127.0.0.1"],
    ["--secure-port", String(ports.api)],
    ["--tls-cert-file", certificates.server.certificate],
    ["--tls-private-key-file", certificates.server.key],
    ["--client-ca-file", certificates.authority],
    ["--kubelet-client-certificate", certificates.admin.certificate],
    ["--kubelet-client-key", certificates.admin.key],
    ["--kubelet-preferred-address-types", "InternalIP"],
    ["--authorization-mode", "Node,RBAC"],
    ["--allow-privileged=true"],
    ["--service-account-issuer", "https://kubernetes.default.svc"],
    ["--service-account-key-file", certificates.accounts.public],
    ["--service-account-signing-key-file", certificates.accounts.key],
    ["--service-cluster-ip-range", SERVICE_RANGE],
    ["--endpoint-reconciler-type", "none"],
    ["--enable-admission-plugins", "NodeRestriction"],
    ...(controllers ? [] : [["--disable-admission-plugins", "ServiceAccount"]]),
    ...(egressSocket === undefined ? [] : [["--egress-selector-config-file", egressFile(folder)]]),
    ...(audit
      ? [
          ["--audit-policy-file", auditPolicyFile(folder)],
          ["--audit-log-path", auditLogFile(folder)],
          ["--audit-log-mode", "blocking"],
        ]
      : []),
  ].flat();

export type ApiServerWishes = {
  readonly audit?: boolean;
  readonly controllers?: boolean;
  readonly egressSocket?: string;
};

/** Each alone: nobody else could lead. A port of their own would serve their health to nobody. */
export const schedulerArguments = (kubeconfig: string): readonly string[] => [
  "--kubeconfig",
  kubeconfig,
  "--leader-elect=false",
  "--secure-port=0",
];

export const controllerArguments = (kubeconfig: string, certificates: Certificates): readonly string[] =>
  [
    schedulerArguments(kubeconfig),
    ["--use-service-account-credentials"],
    ["--service-account-private-key-file", certificates.accounts.key],
    ["--root-ca-file", certificates.authority],
  ].flat();

export const egressFile = (folder: string): string => join(folder, "egress.json");
export const auditPolicyFile = (folder: string): string => join(folder, "audit-policy.json");
export const auditLogFile = (folder: string): string => join(folder, "audit.log");

/** Each request once, with its end: who asked for what, and whether it was allowed. */
export const AUDIT_POLICY = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived", "Panic"],
  rules: [{ level: "Metadata" }],
} as const;
