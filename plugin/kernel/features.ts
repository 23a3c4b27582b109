/** What this kernel can do, found out by doing it on the loopback of a namespace that lives as long as one command. */
import type { Features } from "../datapath/driver.ts";
import { CniError, ErrorCode } from "../errors.ts";
import { batchText } from "../program/handler.ts";
import { run } from "./exec.ts";

/** Each line stands for one ability; -force goes on behind a failed one and says its number. */
const trials = [
  "qdisc add dev lo root handle 1: fq_codel",
  "qdisc add dev lo clsact",
  "filter add dev lo ingress protocol all pref 1 matchall classid 1:1",
  "filter add dev lo ingress protocol all pref 2 u32 match u32 0 0 classid 1:1",
  "filter add dev lo ingress protocol all pref 3 matchall action police rate 125000bps burst 100000 mtu 100000 conform-exceed drop/continue",
  "filter add dev lo ingress protocol all pref 4 u32 match u32 0 0 action police rate 125000bps burst 100000 mtu 100000 conform-exceed drop/continue",
] as const;

export async function probeFeatures(): Promise<Features> {
  const argv = ["unshare", "--net", "tc", "-force", "-batch", "-"];
  const { exitCode, stderr } = await run(argv, batchText(trials));
  const failed = new Set([...stderr.matchAll(/Command failed -:(\d+)/g)].map((match) => Number(match[1])));
  // A tc that was ended by the time limit has not tried the rest, so what it did not complain of says nothing.
  if (exitCode === -1 || (exitCode !== 0 && failed.size === 0)) {
    throw new CniError(ErrorCode.kernelRefused, "cannot find out what this kernel can do", stderr.trim());
  }
  const works = (line: number): boolean => !failed.has(line);
  if (!works(2) || (!works(3) && !works(4))) {
    throw new CniError(
      ErrorCode.missingFeature,
      "this kernel has no clsact qdisc with cls_matchall or cls_u32: load sch_ingress and cls_matchall " +
        "(on many distributions in the package with the extra kernel modules)",
      stderr.trim(),
    );
  }
  const matcher = works(3) ? "matchall" : "u32";
  return { fqCodel: works(1), matcher, police: works(matcher === "matchall" ? 5 : 6) };
}
