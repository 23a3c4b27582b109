/** What names an attachment: its record, its lock and its ifb go by it. */
import type { Request } from "../cni/request.ts";
import type { Identity } from "../datapath/names.ts";

export function identityOf({ call, conf }: Request): Identity {
  return { network: conf.network, containerId: call.containerId, ifname: call.ifname };
}
