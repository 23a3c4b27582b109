/** What our definitions let pass and the plugin refuses: docs/live.md lists these titles, and each has an object that shows it. */
import { textOf } from "../../../unit/support/documents.ts";

export type KnowsBetter = {
  readonly title: string;
  /** What the plugin says. */
  readonly message: RegExp;
  readonly object: object;
};

const rule = (classifier: object): object => networkQos({ egress: [{ dscp: 1, classifier }] });

const networkQos = (spec: object): object => ({
  apiVersion: "k8s.ovn.org/v1alpha1",
  kind: "NetworkQoS",
  metadata: { name: "known-better", namespace: "default" },
  spec: { priority: 1, egress: [{ dscp: 1 }], ...spec },
});

export const knowsBetter: readonly KnowsBetter[] = [
  {
    title: "Exceptions outside of their block",
    message: /except\[\d+\]: .* is not valid: an address or a CIDR inside/,
    object: rule({ to: [{ ipBlock: { cidr: "10.0.0.0/8", except: ["192.0.2.0/24"] } }] }),
  },
  {
    title: "Keys of labels",
    message: /matchLabels: .* is not valid: a label's key/,
    object: networkQos({ podSelector: { matchLabels: { "-a": "b" } } }),
  },
  {
    title: "Labels without a value",
    message: /(matchLabels|metadata\.labels)\[".*"\]: null is not valid: a string/,
    object: networkQos({ podSelector: { matchLabels: { app: null } } }),
  },
  {
    title: "Numbers with leading zeros",
    message: /"(?:[^"]*[.:/])?0[0-9]+(?:[./][^"]*)?" is not valid: a CIDR/,
    object: rule({ to: [{ ipBlock: { cidr: "010.0.0.0/8" } }] }),
  },
  {
    title: "IPv4 addresses written as IPv6",
    message: /no packet carries an IPv4-mapped address/,
    object: rule({ to: [{ ipBlock: { cidr: "::ffff:10.0.0.0/104" } }] }),
  },
];

/** The titles in the document, in its order. */
export function documented(): readonly string[] {
  const [, section = ""] = textOf("docs/live.md").split("## What the plugin knows better\n");
  const own = section.split("\n## ")[0] ?? "";
  return Array.from(own.matchAll(/^- \*\*(.+?)\.\*\*/gm), ([, title = ""]) => title);
}
