/** 000-10 A class's set holds its live pods and nobody else, whatever became of sets, records and confs in between. */
import { readFileSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failed, succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import { recordNames } from "../lab/node/exact-state.ts";
import { callPlugin, type PluginResult } from "../lab/plugin/plugin.ts";
import { unwrapped } from "../lab/node/unwrapped.ts";
import {
  addedUplinkPod,
  bulkLabel,
  membersOf,
  openUplinkSite,
  uplink200,
  uplinkPod,
} from "../lab/uplink/uplink.ts";
import type { UplinkPod, UplinkSite } from "../lab/uplink/uplink.ts";

let site: UplinkSite;
beforeEach(async () => {
  site = await openUplinkSite();
});
afterEach(() => site.node[Symbol.asyncDispose]());

const SETS = ["bulkseed-pods", "bulkseed-pods-v6"] as const;
const bulk = { labels: bulkLabel } as const;
const everyMember = async (sets: readonly string[] = SETS): Promise<readonly string[]> =>
  (await Promise.all(sets.map((set) => membersOf(site.node, set)))).flat();
const addressesOf = ({ wire }: UplinkPod): readonly string[] => [wire.pod4, wire.pod6];
/** prevResult of a pod that was given the addresses of another. */
const inPlaceOf = ({ wire: { prevResult } }: UplinkPod, heir: UplinkPod): object => ({
  prevResult: { ...heir.wire.prevResult, ips: (prevResult as { ips: object }).ips, cniVersion: "1.1.0" },
});

describe("DEL of a pod whose class has", () => {
  test.each([
    ["no IPv6 set any more", "ip6tables -t mangle -F; ipset destroy bulkseed-pods-v6", "bulkseed-pods"],
    ["no IPv4 set any more", "iptables -t mangle -F; ipset destroy bulkseed-pods", "bulkseed-pods-v6"],
  ])("%s takes the pod out of the other", async (_, damage, left) => {
    const pod = await addedUplinkPod(site, bulk);
    await site.sh(damage);
    succeededSilently(await pod.call("DEL"));
    expect(await membersOf(site.node, left)).toEqual([]);
    expect(recordNames(site.node)).toEqual([]);
  });

  test("a set of somebody else's by now leaves that as it is", async () => {
    const pod = await addedUplinkPod(site, bulk);
    await site.sh(`iptables -t mangle -F; ip6tables -t mangle -F; ipset destroy bulkseed-pods
      ipset create bulkseed-pods hash:ip; ipset add bulkseed-pods ${pod.wire.pod4}`);
    succeededSilently(await pod.call("DEL"));
    expect(await everyMember()).toEqual([pod.wire.pod4]);
  });
});

test("an ADD that meets a foreign set leaves its members alone", async () => {
  const pod = await uplinkPod(site, bulk);
  await site.sh(`ipset create bulkseed-pods hash:ip; ipset add bulkseed-pods ${pod.wire.pod4}`);
  const [first] = (pod.wire.prevResult as { ips: readonly object[] }).ips;
  const prevResult = { ...pod.wire.prevResult, ips: [first], cniVersion: "1.1.0" };
  failed(await pod.call("ADD", { prevResult }), 101, ["bulkseed-pods"]);
  expect(await membersOf(site.node, "bulkseed-pods")).toEqual([pod.wire.pod4]);
});

const refused = async (pod: UplinkPod): Promise<PluginResult> => {
  await pod.pod.exec("tc", ["qdisc", "add", "dev", "eth0", "root", "handle", "77:", "pfifo"]);
  return pod.call("ADD", { enforce: "pod", defaults: { egressBandwidth: "10M" } });
};

describe("a repeated ADD that fails", () => {
  test("puts the pod's lost addresses back, also by a record of a former build, which lists 0.0.0.0", async () => {
    const pod = await addedUplinkPod(site, bulk);
    const path = `/run/pod-qos/attachments/podnet/${pod.pod.containerId}@eth0.json`;
    await site.sh(`sed -i 's/"members":\\[/&{"set":"bulkseed-pods","address":"0.0.0.0"},/' ${path}
      grep -q '"address":"0.0.0.0"' ${path}; ipset flush bulkseed-pods; ipset flush bulkseed-pods-v6`);
    failed(await refused(pod), 101, ["eth0", "it keeps what it had before"]);
    expect(await everyMember()).toEqual(addressesOf(pod));
  });

  test("says that the pod's addresses could not be put back where their set is gone", async () => {
    const pod = await addedUplinkPod(site, bulk);
    await site.sh("iptables -t mangle -F; ipset destroy bulkseed-pods");
    failed(await refused(pod), 101, [
      "eth0",
      "some of what it had before could not be put back",
      "name does not exist",
    ]);
  });
});

describe("the address of a pod whose record is", () => {
  const damages = { lost: (path: string) => `rm ${path}`, torn: (path: string) => `echo '{' >${path}` };
  const damage = async (how: keyof typeof damages): Promise<UplinkPod> => {
    const pod = await addedUplinkPod(site, bulk);
    await site.sh(damages[how](`/run/pod-qos/attachments/podnet/${pod.pod.containerId}@eth0.json`));
    return pod;
  };

  test.each(["lost", "torn"] as const)("%s leaves its class with DEL, which is told it", async (how) => {
    const stays = await addedUplinkPod(site, bulk);
    const pod = await damage(how);
    succeededSilently(await pod.call("DEL"));
    expect(await everyMember()).toEqual(addressesOf(stays));
    expect(recordNames(site.node)).toHaveLength(1);
  });

  test.each(["lost", "torn"] as const)("%s leaves its class with GC, which is not told it", async (how) => {
    const stays = await addedUplinkPod(site, bulk);
    await damage(how);
    const valid = [{ containerID: stays.pod.containerId, ifname: "eth0" }];
    const conf = { ...stays.conf, "cni.dev/valid-attachments": valid };
    succeededSilently(await callPlugin(site.node, { command: "GC", conf }));
    expect(await everyMember()).toEqual(addressesOf(stays));
    expect(recordNames(site.node)).toHaveLength(1);
  });

  test("lost is told of by show, and leaves its class with the next ADD", async () => {
    const pod = await damage("lost");
    for (const argv of [["show"], ["uplink", "show"]]) {
      const { exitCode, stdout } = await callPlugin(site.node, { argv });
      expect(exitCode).toBe(1);
      for (const address of addressesOf(pod))
        expect(unwrapped(stdout)).toContain(`has ${address}, which no record claims`);
    }
    const next = await addedUplinkPod(site, bulk);
    expect(await everyMember()).toEqual(addressesOf(next));
    expect((await callPlugin(site.node, { argv: ["show"] })).exitCode).toBe(0);
  });

  test("torn is told of by show with its path, and stays in its class with the next ADD", async () => {
    const pod = await damage("torn");
    for (const argv of [["show"], ["uplink", "show"]]) {
      const { exitCode, stdout } = await callPlugin(site.node, { argv });
      expect(exitCode).toBe(1);
      expect(unwrapped(stdout)).toContain(`/podnet/${pod.pod.containerId}@eth0.json is torn`);
    }
    const next = await addedUplinkPod(site, bulk);
    expect((await everyMember()).toSorted()).toEqual([pod, next].flatMap(addressesOf).toSorted());
  });
});

const recordOf = ({ pod }: UplinkPod): string =>
  `/run/pod-qos/attachments/podnet/${pod.containerId}@eth0.json`;

/** `when`: shell lines that see what ipset is told in $input, and may say no. */
const withIpset = async (when: string, body: () => Promise<void>): Promise<void> => {
  await site.sh(`
path=$(readlink -f "$(command -v ipset)")
cp "$path" /run/whole-ipset
cat >/run/other-ipset <<'END'
#!/bin/sh
no() { echo "ipset: no luck" >&2; exit 1; }
case "$*" in
  *restore)
    input=$(cat)
    ${when}
    printf '%s\n' "$input" | exec /run/whole-ipset "$@"
    ;;
  *) exec /run/whole-ipset "$@" ;;
esac
END
chmod +x /run/other-ipset
mount --bind /run/other-ipset "$path"`);
  try {
    await body();
  } finally {
    await site.sh('umount "$(readlink -f "$(command -v ipset)")"; rm /run/whole-ipset /run/other-ipset');
  }
};

describe("where ipset says no", () => {
  test("an ADD is told which pod's address could not be put back, and succeeds", async () => {
    const lost = await addedUplinkPod(site, bulk);
    const pod = await uplinkPod(site, bulk);
    await site.sh(`ipset del bulkseed-pods ${lost.wire.pod4}`);
    await withIpset(`case "$input" in *"add bulkseed-pods ${lost.wire.pod4}"*) no ;; esac`, async () => {
      const { exitCode, stderr } = await pod.call("ADD");
      expect([exitCode, stderr]).toEqual([0, expect.stringContaining("could not be put back") as string]);
      expect(stderr).toMatch(new RegExp(` warn .*${lost.wire.pod4} is missing .*no luck`));
    });
    expect(await everyMember()).not.toContain(lost.wire.pod4);
    await addedUplinkPod(site, bulk);
    expect(await everyMember()).toContain(lost.wire.pod4);
  });

  test("an ADD is told which address could not be taken out, and succeeds", async () => {
    const gone = await addedUplinkPod(site, bulk);
    const pod = await uplinkPod(site, bulk);
    await site.sh(`rm ${recordOf(gone)}`);
    await withIpset(`case "$input" in "del "*) no ;; esac`, async () => {
      const { exitCode, stderr } = await pod.call("ADD");
      expect([exitCode, stderr]).toEqual([0, expect.stringContaining("could not be taken out") as string]);
    });
    expect(await everyMember()).toContain(gone.wire.pod4);
  });

  test("DEL of a pod whose address another pod claims meanwhile fails if that one does not get it back", async () => {
    const pod = await addedUplinkPod(site, bulk);
    const heir = await uplinkPod(site, bulk);
    succeeded(await heir.call("ADD", inPlaceOf(pod, heir)));
    await site.sh(`mv ${recordOf(heir)} /run/hidden`);
    const meanwhile = `case "$input" in
      "del "*) printf '%s\\n' "$input" | /run/whole-ipset "$@"; mv /run/hidden ${recordOf(heir)}; exit 0 ;;
      "add "*) no ;;
    esac`;
    await withIpset(meanwhile, async () => {
      failed(await pod.call("DEL"), 100, ["ipset", "no luck"]);
    });
    succeededSilently(await pod.call("DEL"));
    expect(recordNames(site.node)).toHaveLength(1);
    succeeded(await heir.call("ADD", inPlaceOf(pod, heir)));
    expect(await everyMember()).toEqual(addressesOf(pod));
  });
});

describe("a pod of the default class with an address that a set still has", () => {
  test("of a pod that died without DEL is taken out of it by ADD", async () => {
    const dead = await addedUplinkPod(site, bulk);
    const heir = await uplinkPod(site);
    await dead.pod.remove();
    succeeded(await heir.call("ADD", inPlaceOf(dead, heir)));
    expect(await everyMember()).toEqual([]);
    succeededSilently(await heir.call("CHECK", inPlaceOf(dead, heir)));
  });

  test("is not well for CHECK and show, and ADD again mends it", async () => {
    const pod = await addedUplinkPod(site);
    await site.sh(`ipset add bulkseed-pods ${pod.wire.pod4}`);
    failed(await pod.call("CHECK"), 100, [`ipset bulkseed-pods has ${pod.wire.pod4}`]);
    succeeded(await pod.call("ADD"));
    succeededSilently(await pod.call("CHECK"));
    expect(await everyMember()).toEqual([]);
  });

  test("is no pod of its class for show where the conf has that class no more", async () => {
    const pod = await addedUplinkPod(site, bulk);
    const { default: only } = uplink200.classes;
    const next = await addedUplinkPod(site, { uplink: { ...uplink200, classes: { default: only } } });
    const { exitCode, stdout } = await callPlugin(site.node, { argv: ["show"] });
    expect(exitCode).toBe(1);
    expect(unwrapped(stdout)).toContain(
      `UNHEALTHY: prod/${pod.pod.name} eth0: the uplink eth0 has no class bulk-seed any more`,
    );
    expect((await callPlugin(site.node, { argv: ["uplink", "show"] })).exitCode).toBe(0);
    const { json } = await callPlugin(site.node, { argv: ["show", "--json"] });
    expect(json).toMatchObject({
      attachments: expect.arrayContaining([
        expect.objectContaining({ class: "default", gone: null, addresses: addressesOf(next) }),
      ]) as object,
    });
  });

  test("is well for CHECK when the conf has lost its uplink, and that is told", async () => {
    const pod = await addedUplinkPod(site, { ...bulk, annotations: { "pod-qos/dscp": "EF" } });
    const checked = await pod.call("CHECK", { uplink: undefined });
    expect(checked).toMatchObject({ exitCode: 0, stdout: "" });
    expect(checked.stderr).toContain("it is in class bulk-seed of eth0; now no class is requested");
    succeeded(await pod.call("ADD", { uplink: undefined }));
    succeededSilently(await pod.call("CHECK", { uplink: undefined }));
    expect(await everyMember()).toEqual([]);
  });

  test("a claim of a pod that is dead keeps nothing in a set", async () => {
    const dead = await addedUplinkPod(site, bulk);
    const heir = await uplinkPod(site, bulk);
    await dead.pod.remove();
    succeeded(await heir.call("ADD", inPlaceOf(dead, heir)));
    succeededSilently(await heir.call("DEL", inPlaceOf(dead, heir)));
    expect(await everyMember()).toEqual([]);
  });
});

describe("pods that run while a set", () => {
  test.each([
    ["is flushed", "ipset flush bulkseed-pods; ipset flush bulkseed-pods-v6", 4],
    ["loses one of them", 'ipset del bulkseed-pods "$1"', 1],
  ])("%s are told of by show, and are in it again with the next ADD", async (_, damage, lost) => {
    const running = [await addedUplinkPod(site, bulk), await addedUplinkPod(site, bulk)];
    await site.node.exec("sh", ["-ec", damage, "sh", running[0]?.wire.pod4 ?? ""]);
    for (const argv of [["show"], ["uplink", "show"]]) {
      const { exitCode, stdout } = await callPlugin(site.node, { argv });
      expect(exitCode).toBe(1);
      expect(
        unwrapped(stdout).match(/UNHEALTHY: ipset bulkseed-pods(-v6)? lacks \S+ of pod prod\/\S+ eth0/g),
      ).toHaveLength(lost);
    }
    const next = await addedUplinkPod(site);
    expect((await everyMember()).toSorted()).toEqual(running.flatMap(addressesOf).toSorted());
    for (const { call } of [...running, next]) succeededSilently(await call("CHECK"));
    expect((await callPlugin(site.node, { argv: ["show"] })).exitCode).toBe(0);
  });

  test("loses one of them that has the address of a pod that died without DEL are in it again", async () => {
    const running = await addedUplinkPod(site, bulk);
    const records = "/run/pod-qos/attachments/podnet";
    const record = site.node.path(`${records}/${running.pod.containerId}@eth0.json`);
    const { membership, identity, ...rest } = JSON.parse(readFileSync(record, "utf8"));
    const died = {
      ...rest,
      identity: { ...identity, containerId: "died" },
      netns: "/run/netns/died",
      netnsId: "4:1",
      membership: { ...membership, class: "default", members: [] },
    };
    writeFileSync(site.node.path(`${records}/died@eth0.json`), JSON.stringify(died));
    await site.sh("ipset flush bulkseed-pods; ipset flush bulkseed-pods-v6");
    await addedUplinkPod(site);
    expect((await everyMember()).toSorted()).toEqual([...addressesOf(running)].toSorted());
  });

  test("is flushed beside many others are in it again with the next ADD, also after the clock was set back", async () => {
    const running = await addedUplinkPod(site, bulk);
    const records = "/run/pod-qos/attachments/podnet";
    await site.sh(
      `for at in $(seq 70); do cp ${records}/${running.pod.containerId}@eth0.json ${records}/many-$at@eth0.json; done`,
    );
    await addedUplinkPod(site);
    await site.sh(`ipset flush bulkseed-pods; ipset flush bulkseed-pods-v6
      touch -d '1 hour' /run/pod-qos/uplinks/eth0/compared`);
    await addedUplinkPod(site);
    expect(await everyMember()).toEqual(addressesOf(running));
  });

  test("is made anew are in it again, but for one that is deleted meanwhile", async () => {
    const [leaves, stays] = [await addedUplinkPod(site, bulk), await addedUplinkPod(site, bulk)];
    const record = `/run/pod-qos/attachments/podnet/${leaves.pod.containerId}@eth0.json`;
    // Its record goes when ipset is called with its address: after the records were read.
    await site.sh(`ipset flush bulkseed-pods; ipset flush bulkseed-pods-v6
      real=$(readlink -f "$(command -v ipset)"); cp "$real" /run/real-ipset
      printf '#!/bin/sh\ncat >/run/in.$$\ngrep -q "^add .* ${leaves.wire.pod4}$" /run/in.$$ && rm -f ${record}\nexec /run/real-ipset "$@" </run/in.$$\n' >/run/ipset
      chmod +x /run/ipset; mount --bind /run/ipset "$real"`);
    const next = await addedUplinkPod(site, bulk);
    expect((await everyMember()).toSorted()).toEqual([stays, next].flatMap(addressesOf).toSorted());
  });

  test("is destroyed are in it again once an ADD has made it anew", async () => {
    const running = await addedUplinkPod(site, bulk);
    await site.sh(
      "iptables -t mangle -F; ip6tables -t mangle -F; ipset destroy bulkseed-pods; ipset destroy bulkseed-pods-v6",
    );
    await addedUplinkPod(site);
    expect(await everyMember()).toEqual(addressesOf(running));
    succeededSilently(await running.call("CHECK"));
  });

  test("is removed with its uplink are in it again with the next pod", async () => {
    const running = await addedUplinkPod(site, bulk);
    succeeded(await callPlugin(site.node, { argv: ["uplink", "remove"] }));
    await addedUplinkPod(site);
    expect(await everyMember()).toEqual(addressesOf(running));
    succeededSilently(await running.call("CHECK"));
  });

  test("is renamed move along, and their DEL finds them", async () => {
    const renamed = structuredClone(uplink200) as unknown as { classes: { "bulk-seed": { set: string } } };
    renamed.classes["bulk-seed"].set = "seeders";
    const running = await addedUplinkPod(site, bulk);
    await addedUplinkPod(site, { uplink: renamed });
    expect(await everyMember(["seeders", "seeders-v6"])).toEqual(addressesOf(running));
    succeededSilently(await running.call("CHECK", { uplink: renamed }));
    succeededSilently(await running.call("DEL", { uplink: renamed }));
    expect(await everyMember(["seeders", "seeders-v6"])).toEqual([]);
  });
});
