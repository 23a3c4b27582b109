/** What a Geneve packet of the wire has inside (pure). */
import type { Captured } from "../../lab/node/capture.ts";

export type Tunnelled = {
  readonly family: 4 | 6;
  /** The byte of DSCP and ECN, of the tunnel's own header and of the one inside. */
  readonly outer: number;
  readonly inner: number;
};

/** The IP packet inside a Geneve packet, if there is one. */
export function tunnelled({ tos, payload }: Captured): readonly Tunnelled[] {
  const options = ((payload[UDP_HEADER] ?? 0) & 0x3f) * 4;
  const packet = payload.subarray(UDP_HEADER + GENEVE_HEADER + options + ETHERNET_HEADER);
  switch ((packet[0] ?? 0) >> 4) {
    case 4:
      return [{ family: 4, outer: tos, inner: packet[1] ?? 0 }];
    case 6:
      return [{ family: 6, outer: tos, inner: (packet.readUInt16BE(0) >> 4) & 0xff }];
    default:
      return [];
  }
}

const UDP_HEADER = 8;
const GENEVE_HEADER = 8;
const ETHERNET_HEADER = 14;
