/** During an upgrade 0.1.0 and this version work on the same pods: what the one added the other looks after. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failed, succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import { exactState, stateFiles } from "../lab/node/exact-state.ts";
import { buildFormer, type Former } from "../lab/plugin/former.ts";
import { hasFeature } from "../lab/node/needs.ts";
import { pluginPath } from "../lab/node/paths.ts";
import { plug, type LinkKind, type Plug } from "../lab/plugin/plug.ts";
import type { CniVerb, PluginResult } from "../lab/plugin/plugin.ts";
import { long } from "../lab/measure/repetitions.ts";
import { bulkLabel, openUplinkSite, uplink200, type UplinkSite } from "../lab/uplink/uplink.ts";
import { allWishes, ruledWishes } from "../lab/plugin/warm-node.ts";

type Version = "0.1.0" | "this version";

interface Row {
  readonly what: string;
  readonly conf: object;
  readonly kind?: LinkKind;
  /** What CHECK by 0.1.0 of a pod that this version added says, where CHANGELOG says that it fails. */
  readonly fails?: string;
}

/** What has another queue than in 0.1.0: caps below 105M where there is no fq_codel, and rules' police limits. */
const otherQueue = "leaf qdisc";
const slow = { conf: allWishes, ...(!hasFeature("fq_codel") && { fails: otherQueue }) };
const ruled = { conf: ruledWishes, fails: otherQueue };
const quick = { conf: { defaults: { ingressBandwidth: "200M", egressBandwidth: "150M", dscp: "EF" } } };
const classes = { uplink: uplink200, args: { cni: { labels: bulkLabel } }, defaults: { dscp: "EF" } };

const rows: readonly Row[] = [
  { what: "nothing", conf: {}, fails: "it has limits that nothing asks for" },
  { what: "caps and a mark", ...quick },
  { what: "slow caps and a mark", ...slow },
  { what: "caps and a mark in the pod", conf: { ...quick.conf, enforce: "pod" } },
  { what: "policed caps", conf: { ...allWishes, discipline: "police" } },
  { what: "rules with sets and limits", ...ruled },
  { what: "caps and a mark on macvlan", ...quick, kind: "macvlan" },
  { what: "rules with sets and limits on macvlan", ...ruled, kind: "macvlan" },
  { what: "a class of the uplink", conf: classes },
];

const versions: readonly Version[] = ["0.1.0", "this version"];

const orders: readonly (readonly [Version, Version])[] = [
  ["0.1.0", "this version"],
  ["this version", "0.1.0"],
];

/** Builds an executable, so the usual run and the VM do without: records as 0.1.0 wrote them are in records.test.ts. */
const inTheLongRun = (title: string, body: () => void): void => {
  if (long && process.env["POD_QOS_VM"] !== "1") describe(title, body);
  else test.skip(`not run: ${title} that 0.1.0 or this version added, needs ./scripts/test long`);
};

inTheLongRun("a pod with", () => {
  let former: Former;
  let site: UplinkSite;
  beforeAll(async () => {
    former = await buildFormer();
    site = await openUplinkSite();
    // What stays on a node after its last pod: features.json, and the classes of the uplink.
    for (const row of rows) for (const version of versions) await lives(row, version);
  });
  afterAll(async () => {
    await site.node[Symbol.asyncDispose]();
    await former[Symbol.asyncDispose]();
  });

  /** By name: an uplink's are written anew by each ADD. */
  const filesOf = (): readonly string[] => Object.keys(stateFiles(site.node)).toSorted();

  const caller =
    (pod: Plug) =>
    (verb: CniVerb, version: Version, more: object = {}): Promise<PluginResult> => {
      const ips =
        pod.conf["uplink"] === undefined ? [] : [{ address: "192.0.2.9/32" }, { address: "2001:db8::9/128" }];
      return pod.call(verb, {
        conf: { prevResult: { ...pod.prevResult, ips } },
        plugin: version === "0.1.0" ? former.path : pluginPath(),
        ...more,
      });
    };

  const plugged = ({ conf, kind }: Row): Promise<Plug> =>
    plug(site.node, { conf: { ...conf }, ...(kind && { kind }) });

  const lives = async (row: Row, version: Version): Promise<void> => {
    const pod = await plugged(row);
    succeeded(await caller(pod)("ADD", version));
    succeeded(await caller(pod)("DEL", version));
    await pod.unplug();
    await pod.pod.remove();
  };

  describe.each(rows)("$what", (row) => {
    test.each(orders)("that %s added: CHECK and DEL by %s", async (one, other) => {
      const pod = await plugged(row);
      const call = caller(pod);
      const before = [await exactState(site.node, pod.pod), filesOf()];
      succeeded(await call("ADD", one));
      const checked = await call("CHECK", other);
      if (other === "0.1.0" && row.fails !== undefined) failed(checked, 100, [row.fails]);
      else succeededSilently(checked);
      succeededSilently(await call("DEL", other));
      expect([await exactState(site.node, pod.pod), filesOf()]).toEqual(before);
      await pod.unplug();
      await pod.pod.remove();
    });

    test.each(orders)("that %s added: ADD again and CHECK by %s, DEL by the first", async (one, other) => {
      const pod = await plugged(row);
      const call = caller(pod);
      const before = [await exactState(site.node, pod.pod), filesOf()];
      succeeded(await call("ADD", one));
      succeeded(await call("ADD", other));
      succeededSilently(await call("CHECK", other));
      succeededSilently(await call("DEL", one));
      expect([await exactState(site.node, pod.pod), filesOf()]).toEqual(before);
      await pod.unplug();
      await pod.pod.remove();
    });

    test.each(orders)("that %s added and that went without DEL: GC by %s", async (one, other) => {
      const before = [await exactState(site.node), filesOf()];
      const pod = await plugged(row);
      const call = caller(pod);
      succeeded(await call("ADD", one));
      await pod.unplug();
      await pod.pod.remove();
      succeededSilently(await call("GC", other, { conf: { "cni.dev/valid-attachments": [] } }));
      expect([await exactState(site.node), filesOf()]).toEqual(before);
    });
  });
});
