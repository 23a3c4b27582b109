/** Which class of its node's uplink an attachment is in: for the verbs of pods whose conf has an uplink. Touches nothing. */
import type { UplinkConf } from "../cni/uplink.ts";
import type { Request } from "../cni/request.ts";
import { readUplinkLink, type NodeUplink } from "../kernel/uplink/link.ts";
import type { ChooseClass } from "../policy/uplink/choose.ts";
import { chooseClass } from "../policy/uplink/choose.ts";
import { decideUplink } from "../policy/uplink/uplink.ts";

export function uplinkFor(
  conf: UplinkConf,
  request: Request,
  link: NodeUplink = readUplinkLink(conf.device),
): ChooseClass {
  const uplink = decideUplink(conf, link);
  return (annotation) => {
    const wish = { annotation, labels: request.pod.labels, fallback: request.conf.defaults.class };
    return { ...chooseClass(uplink, wish), uplink, link: { mtu: link.mtu } };
  };
}
