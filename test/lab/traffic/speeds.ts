import type { CniResult } from "../plugin/chain.ts";
import type { Peer } from "../plugin/chain-sites.ts";
import type { Pod } from "../node/pod.ts";
import { measure } from "./traffic.ts";

/** Payload in bits per second, at the receivers. */
export interface Speeds {
  readonly egress: number;
  readonly ingress: number;
  readonly firstEgress: number;
  readonly firstIngress: number;
}

export interface Party {
  readonly pod: Pod;
  readonly address: string;
  readonly peer: Peer;
  readonly family?: "v4" | "v6";
  readonly seconds?: number;
}

/** A TCP flow each way at the same time. */
export const speedsOf = async ({
  pod,
  address,
  peer,
  family = "v4",
  seconds = 4,
}: Party): Promise<Speeds> => {
  const there = family === "v4" ? peer.v4 : peer.v6;
  if (there === undefined) throw new Error("this peer has no IPv6");
  const common = { seconds, congestion: "cubic" };
  const [out, back] = await Promise.all([
    measure({ from: pod, to: peer.ns, address: there, ...common }),
    measure({ from: peer.ns, to: pod, address, ...common }),
  ]);
  return {
    egress: out.bitsPerSecond,
    ingress: back.bitsPerSecond,
    firstEgress: out.perSecond[0] ?? Number.NaN,
    firstIngress: back.perSecond[0] ?? Number.NaN,
  };
};

/** The pod's addresses by family, without their prefix lengths. */
export const addressesOf = (result: CniResult | undefined): readonly (readonly ["v4" | "v6", string])[] =>
  (result?.ips ?? []).map(({ address }) => {
    const [plain = ""] = address.split("/");
    return [plain.includes(":") ? "v6" : "v4", plain];
  });

export const ipv4Of = (result: CniResult | undefined): string => {
  const found = addressesOf(result).find(([family]) => family === "v4");
  if (found === undefined) throw new Error("the chain gave no IPv4 address");
  return found[1];
};
