/** What can be seen from outside: the kernel's classes and leftovers, and how fast a pod's traffic really is. */
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { type Chain, run } from "./chains.ts";

export type HtbClass = { readonly device: string; readonly mbit: number };

/** Mbit/s goodput at the receiver, from the pod and to it, each time that it was measured. */
export type Speeds = { readonly fromPod: readonly number[]; readonly toPod: readonly number[] };

const SECONDS = "3";

/** Every HTB class in a namespace (the node's without one), with its rate. */
export async function htbClasses(inside: readonly string[]): Promise<readonly HtbClass[]> {
  const links = JSON.parse(await run([...inside, "ip", "-j", "link"])) as readonly { ifname: string }[];
  const classes: HtbClass[] = [];
  for (const { ifname } of links) {
    const text = await run([...inside, "tc", "-s", "-d", "class", "show", "dev", ifname]);
    for (const [, amount, unit] of text.matchAll(/^class htb .*\brate (\d+)([KMG]?)bit/gm))
      classes.push({ device: ifname, mbit: Number(amount) * (UNITS[unit ?? ""] ?? 0) });
  }
  return classes;
}

const UNITS: Readonly<Record<string, number>> = { "": 1e-6, K: 1e-3, M: 1, G: 1e3 };

/** One TCP flow each way, one after the other, three times: the machine may be busy with others. */
export async function measureSpeeds(chain: Chain, inPod: readonly string[]): Promise<Speeds> {
  const [file = "", ...args] = [...chain.peer, "iperf3", "-s"];
  const server = execa(file, args, { reject: false });
  await sleep(1000);
  const flow = async (...options: readonly string[]): Promise<number> => {
    const command = ["iperf3", "-c", chain.peerAddress, "-t", SECONDS, "-J", ...options];
    const report = JSON.parse(await run([...inPod, ...command])) as Report;
    return report.end.sum_received.bits_per_second / 1e6;
  };
  try {
    const [fromPod, toPod]: [number[], number[]] = [[], []];
    for (let times = 0; times < 3; times += 1) {
      fromPod.push(await flow());
      toPod.push(await flow("-R"));
    }
    return { fromPod, toPod };
  } finally {
    server.kill();
    await server;
  }
}

type Report = { readonly end: { readonly sum_received: { readonly bits_per_second: number } } };

/** All that a plugin could leave on a node, as stable text: no counters, no timers. */
export async function leftovers(): Promise<string> {
  const links = JSON.parse(await run(["ip", "-d", "-j", "link"])) as readonly Link[];
  const parts = [
    links.map((link) => `${link.ifname} ${link.linkinfo?.info_kind ?? ""} ${link.qdisc}`).join("\n"),
    await run(["tc", "qdisc", "show"]),
    await run(["iptables-save"]),
    await run(["ip6tables-save"]),
    await run(["ipset", "list", "-name"]),
    await run(["ip", "netns", "list"]),
    // What this kernel can do is found out once per node and kept: no leftover of a pod.
    await run(["find", "/run", "-path", "*pod-qos*", "!", "-type", "d", "!", "-name", "features.json"]),
  ];
  return parts
    .join("\n---\n")
    .replaceAll(/^#.*\n/gm, "")
    .replaceAll(/\[\d+:\d+\]/g, "");
}

type Link = {
  readonly ifname: string;
  readonly qdisc: string;
  readonly linkinfo?: { readonly info_kind?: string };
};
