import { describe, expect, it } from "vitest";
import { parseDrops } from "../../../plugin/program/tc/drops.ts";

const ofAll = `qdisc noqueue 0: dev lo root refcnt 2 
 Sent 0 bytes 0 pkt (dropped 1, overlimits 0 requeues 0) 
 backlog 0b 0p requeues 0
qdisc htb 905: dev veth1 root refcnt 2 r2q 10 default 0x1 direct_packets_stat 0 direct_qlen 1000
 Sent 9000 bytes 6 pkt (dropped 4, overlimits 3 requeues 0) 
 backlog 0b 0p requeues 0
qdisc fq_codel 906: dev veth1 parent 905:1 limit 1024p flows 1024 quantum 1514 target 5ms interval 100ms
 Sent 9000 bytes 6 pkt (dropped 4, overlimits 0 requeues 0) 
 backlog 0b 0p requeues 0
  maxpacket 1514 drop_overlimit 0 new_flow_count 2 ecn_mark 0
qdisc clsact ffff: dev veth1 parent ffff:fff1 
 Sent 700 bytes 5 pkt (dropped 20, overlimits 0 requeues 0) 
 backlog 0b 0p requeues 0
`;

describe("dropped packets", () => {
  it("are a device's root and its clsact, not the leaves that the root counts already", () => {
    expect([...parseDrops(ofAll)]).toEqual([
      ["lo", 1],
      ["veth1", 24],
    ]);
  });

  it("are of no device where tc was asked for one", () => {
    expect([...parseDrops(ofAll.replaceAll(/ dev \S+/g, ""))]).toEqual([["", 25]]);
  });

  it("are none where there is no such device", () => {
    expect(parseDrops("").size).toBe(0);
  });
});
