/** Which class of the node's uplink an attachment is in, and faults of the conf that concern every pod. Changes nothing. */
import type { UplinkConf } from "../../cni/uplink.ts";
import type { Request } from "../../cni/request.ts";
import { uplinkTree } from "../../datapath/uplink/tree.ts";
import { readUplinkLink, type NodeUplink } from "../../kernel/uplink/link.ts";
import type { ChooseClass, PodNamespace, RunsIn } from "../../policy/uplink/choose.ts";
import { chooseClass } from "../../policy/uplink/choose.ts";
import { decideUplink, validateUplink } from "../../policy/uplink/uplink.ts";

export type Beside = {
  /** That of the node's uplink, where it is assumed; else it is read. */
  readonly link?: NodeUplink | undefined;
  /** Of a pod that runs. */
  readonly runsIn?: RunsIn | undefined;
};

export function classChooser(
  conf: UplinkConf,
  request: Request,
  namespace: PodNamespace | undefined,
  { link = readUplinkLink(conf.device), runsIn }: Beside = {},
): ChooseClass {
  const uplink = decideUplink(conf, link);
  return (annotation, ofNamespace) => {
    const { pod, conf: entry } = request;
    const asked = {
      annotation,
      ofNamespace,
      labels: pod.labels,
      namespace,
      fallback: entry.defaults.class,
      runsIn,
    };
    return { ...chooseClass(uplink, asked), uplink, conf, link };
  };
}

/** What the conf alone gets wrong. Its `defaults.class` is looked up for each pod, whatever class that comes to be in. */
export function assertUplinkConf(conf: UplinkConf, fallback: string | undefined): void {
  chooseClass(validateUplink(conf), { annotation: undefined, labels: undefined, fallback });
}

/** Also what only the tree finds that is made of it, such as a bucket that the kernel cannot hold. */
export function assertUplinkLink(conf: UplinkConf): void {
  const link = readUplinkLink(conf.device);
  uplinkTree(decideUplink(conf, link), { mtu: link.mtu, fqCodel: true, ipv6: true });
}
