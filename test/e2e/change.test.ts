/** An ADD repeated for a pod that runs: what fails keeps what was, and no packet meets neither old nor new. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { failed, succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import type { LabNode } from "../lab/node/node.ts";
import { rounds } from "../lab/traffic/pace.ts";
import { changesDuring } from "../lab/node/monitor.ts";
import { hasFeature } from "../lab/node/needs.ts";
import { ended, looks, plug } from "../lab/plugin/plug.ts";
import { readRecordOf } from "../lab/plugin/records.ts";
import { allWishes, leavesNothing, ruledWishes, warmNode } from "../lab/plugin/warm-node.ts";

let node: LabNode;
beforeAll(async () => {
  node = await warmNode();
});
afterAll(() => node[Symbol.asyncDispose]());

/** The n-th start of a tool says no, and all others do as they should. Of iptables all tools are one file. */
const withOneFailure = async (tool: string, n: number, body: () => Promise<void>): Promise<void> => {
  const breaking = `
path=$(readlink -f "$(command -v ${tool})")
mkdir /run/breaking
cp "$path" /run/breaking/whole
cat >/run/breaking/${tool} <<'END'
#!/bin/sh
number=1
while ! mkdir /run/breaking/$number 2>/dev/null; do number=$((number + 1)); done
if [ $number = ${n} ]; then echo "Error: no luck" >&2; exit 1; fi
exec -a "\${0##*/}" /run/breaking/whole "$@"
END
sed -i '1s/sh/bash/' /run/breaking/${tool}
chmod +x /run/breaking/${tool}
mount --bind /run/breaking/${tool} "$path"`;
  await node.exec("sh", ["-ec", breaking]);
  try {
    await body();
  } finally {
    await node.exec("sh", ["-c", `umount "$(readlink -f "$(command -v ${tool})")"; rm -rf /run/breaking`]);
  }
};

const others = { ...allWishes, discipline: "police", enforce: "pod", egress: ruledWishes.egress } as const;

test.each(["tc", "iptables-restore", "ipset"])(
  "an ADD repeated with wishes of another kind keeps what was, whichever call of %s fails, and says so",
  async (tool) => {
    await leavesNothing(node, async () => {
      const pod = await plug(node, { conf: allWishes });
      succeeded(await pod.call("ADD"));
      const before = [await looks(pod), readRecordOf(pod)];
      let failures = 0;
      for (let n = 1; n <= rounds(`calls of ${tool} that fail`, 5, 2); n += 1) {
        await withOneFailure(tool, n, async () => {
          const answer = await pod.call("ADD", { conf: others });
          if (answer.exitCode === 0) return;
          failures += 1;
          failed(answer, 100, ["no luck", "it keeps what it had before"]);
          expect([n, await looks(pod), readRecordOf(pod)]).toEqual([n, ...before]);
        });
        succeeded(await pod.call("ADD"));
        succeededSilently(await pod.call("CHECK"));
      }
      expect(failures).toBeGreaterThan(0);
      await ended(pod);
    });
  },
);

test("an ADD repeated with wishes that meet something foreign keeps what was, kernel and record", async () => {
  await leavesNothing(node, async () => {
    const pod = await plug(node, {
      conf: { ...allWishes, defaults: { ingressBandwidth: "20M", dscp: "EF" } },
    });
    succeeded(await pod.call("ADD"));
    await pod.pod.exec("tc", ["qdisc", "add", "dev", "eth0", "root", "handle", "77:", "pfifo"]);
    const before = [await looks(pod), readRecordOf(pod)];
    failed(await pod.call("ADD", { conf: { ...others, egress: undefined } }), 101, [
      "eth0",
      "it keeps what it had before",
    ]);
    expect([await looks(pod), readRecordOf(pod)]).toEqual(before);
    succeededSilently(await pod.call("CHECK"));
    await ended(pod);
  });
});

/** Somebody's later filter ends the walk before the cap of ours: the node's program can neither be changed nor made anew. */
test("an ADD repeated with other wishes, whose cap somebody's filter has come before, leaves none of them and keeps what was", async () => {
  await leavesNothing(node, async () => {
    const pod = await plug(node, { conf: { defaults: { egressBandwidth: "10M" } } });
    succeeded(await pod.call("ADD"));
    const mirror = hasFeature("flower") ? "matchall" : "u32 match u32 0 0";
    await node.exec("sh", [
      "-ec",
      `tc filter add dev ${pod.nodeDevice} ingress protocol all pref 1 ${mirror} action mirred egress mirror dev lo`,
    ]);
    const before = [await looks(pod), readRecordOf(pod)];
    const conf = { defaults: { egressBandwidth: "20M", dscp: "EF" } };
    failed(await pod.call("ADD", { conf }), 101, [pod.nodeDevice, "it keeps what it had before"]);
    expect([await looks(pod), readRecordOf(pod)]).toEqual(before);
    await ended(pod);
  });
});

test("an ADD repeated with a mark more, while ip answers half a list for an ifb, leaves nothing of the mark", async () => {
  await leavesNothing(node, async () => {
    const shaped = { defaults: { egressBandwidth: "10M" }, discipline: "shape" };
    const pod = await plug(node, { conf: shaped });
    succeeded(await pod.call("ADD"));
    const before = [await looks(pod), readRecordOf(pod)];
    const breaking = `
path=$(readlink -f "$(command -v ip)")
cp "$path" /run/whole-ip
cat >/run/half-ip <<'END'
#!/bin/sh
case " $* " in
  *" -j"*" -batch "*) asked=$(cat) ;;
  *) exec /run/whole-ip "$@" ;;
esac
case "$asked" in
  *" pq"*) echo "[{" ;;
  *) echo "$asked" | exec /run/whole-ip "$@" ;;
esac
END
chmod +x /run/half-ip
mount --bind /run/half-ip "$path"`;
    await node.exec("sh", ["-ec", breaking]);
    try {
      const conf = { ...shaped, defaults: { egressBandwidth: "10M", dscp: "EF" } };
      failed(await pod.call("ADD", { conf }), 999, [
        "JSON",
        "some of what it had before could not be put back",
      ]);
    } finally {
      await node.exec("sh", [
        "-c",
        'umount "$(readlink -f "$(command -v ip)")"; rm /run/half-ip /run/whole-ip',
      ]);
    }
    expect([await looks(pod), readRecordOf(pod)]).toEqual(before);
    await ended(pod);
  });
});

const caps = (rate: string, more: object = {}) => ({
  defaults: { ingressBandwidth: rate, egressBandwidth: rate, dscp: "EF" },
  ...more,
});
const inPod = { enforce: "pod" };
const limited = (rate: number) => ({
  egress: [{ bandwidth: { rate }, classifier: { ports: [{ protocol: "TCP", port: 443 }] } }],
});

/** Meanwhile the kernel drops what a device is given to send. */
test.each([
  ["caps in the pod", caps("20M", inPod), caps("30M", inPod), 0],
  ["a rule's limit", caps("20M", limited(8000)), caps("20M", limited(9000)), 0],
  ["marks and rules without limits", caps("20M"), caps("20M", { egress: [{ dscp: 20 }] }), 0],
  ["the place where caps are held", caps("20M"), caps("20M", inPod), 1],
  ["the number of limited rules, from none", caps("20M"), caps("20M", limited(8000)), 1],
] as const)(
  "through a change of %s, and back, the root of the pod's link is exchanged no more often than it comes and goes",
  async (_, conf, other, times) => {
    await leavesNothing(node, async () => {
      const pod = await plug(node, { conf });
      succeeded(await pod.call("ADD"));
      const changes = await changesDuring(pod.pod, async () => {
        succeeded(await pod.call("ADD", { conf: other }));
        succeeded(await pod.call("ADD"));
      });
      const exchanged = changes.filter((line) => /^deleted qdisc \S+ \S+ dev eth0 root/.test(line));
      expect(exchanged).toHaveLength(2 * times);
      succeededSilently(await pod.call("CHECK"));
      await ended(pod);
    });
  },
);
