/** A tool that stops working half way: what was made until then is undone by whoever comes when it works again. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failed, succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import { exactState, recordNames } from "../lab/node/exact-state.ts";
import type { LabNode } from "../lab/node/node.ts";
import { plug, type Plug } from "../lab/plugin/plug.ts";
import { allWishes, warmNode } from "../lab/plugin/warm-node.ts";

let node: LabNode;
beforeAll(async () => {
  node = await warmNode();
});
afterAll(() => node[Symbol.asyncDispose]());

/** Takes the first line of the first batch on the node, then nothing any more. */
const BREAK_TC = `
tc=$(readlink -f "$(command -v tc)")
cp "$tc" /run/whole-tc
rm -f /run/tc-is-broken
cat >/run/broken-tc <<'END'
#!/bin/sh
if [ ! -e /run/tc-is-broken ] && mkdir /run/tc-is-broken; then head -n 1 | /run/whole-tc -batch -; fi
echo "Error: no luck" >&2
exit 1
END
chmod +x /run/broken-tc
mount --bind /run/broken-tc "$tc"`;
const MEND_TC =
  'umount "$(readlink -f "$(command -v tc)")"; rm -rf /run/tc-is-broken /run/broken-tc /run/whole-tc';

/** Does as it is told, and cannot tell what is there. */
const BLIND_TC = `
tc=$(readlink -f "$(command -v tc)")
cp "$tc" /run/whole-tc
cat >/run/broken-tc <<'END'
#!/bin/sh
if [ "$1" = -d ]; then echo "Error: no luck" >&2; exit 1; fi
exec /run/whole-tc "$@"
END
chmod +x /run/broken-tc
mount --bind /run/broken-tc "$tc"`;

const withBrokenTc = async (body: () => Promise<void>, broken = BREAK_TC): Promise<void> => {
  await node.exec("sh", ["-ec", broken]);
  try {
    await body();
  } finally {
    await node.exec("sh", ["-ec", MEND_TC]);
  }
};

const ended = async (pod: Plug, before: string): Promise<void> => {
  succeededSilently(await pod.call("DEL"));
  expect(await exactState(node, pod.pod)).toBe(before);
  expect(recordNames(node)).toEqual([]);
  await pod.unplug();
  await pod.pod.remove();
};

test.each([
  ["caps and a mark", allWishes],
  ["a cap from the node's end", { defaults: { ingressBandwidth: "20M" } }],
] as const)("a first ADD of %s that could not be undone is undone by DEL", async (_, conf) => {
  const pod = await plug(node, { conf });
  const before = await exactState(node, pod.pod);
  await withBrokenTc(async () => {
    failed(await pod.call("ADD"), 100, ["tc"]);
    expect(recordNames(node)).toHaveLength(1);
  });
  expect(await exactState(node, pod.pod)).not.toBe(before);
  await ended(pod, before);
});

test("an ADD repeated with other wishes that could not be undone is undone by DEL", async () => {
  const pod = await plug(node, { conf: { ...allWishes, enforce: "pod" } });
  const before = await exactState(node, pod.pod);
  succeeded(await pod.call("ADD"));
  await withBrokenTc(async () => {
    const defaults = { ...allWishes.defaults, egressBandwidth: "11M" };
    failed(await pod.call("ADD", { conf: { defaults } }), 100, ["tc"]);
  });
  await ended(pod, before);
});

test("an ADD repeated while an ifb of the pod is somebody else's by now leaves nothing that DEL cannot find", async () => {
  const pod = await plug(node, { conf: { ...allWishes, enforce: "pod" } });
  const before = await exactState(node, pod.pod);
  succeeded(await pod.call("ADD"));
  const { stdout } = await pod.pod.exec("sh", ["-c", "basename /sys/class/net/pq*"]);
  const ifb = stdout.trim();
  await pod.pod.exec("ip", ["link", "set", ifb, "alias", "somebody's"]);
  failed(await pod.call("ADD"), 101, [ifb]);
  await pod.pod.exec("ip", ["link", "del", ifb]);
  await ended(pod, before);
});

const theirs = [
  ["an empty clsact", []],
  ["a filter at our preference", ["9", "65000"]],
] as const;

const occupied = async (conf: object, prefs: readonly string[]): Promise<[Plug, string]> => {
  const pod = await plug(node, { conf: { ...conf } });
  if (Object.keys(conf).length > 0) succeeded(await pod.call("ADD"));
  const dev = pod.nodeDevice;
  const filters = prefs.map(
    (pref) =>
      `filter add dev ${dev} ingress protocol ip pref ${pref} u32 match ip dst 192.0.2.1 classid 1:77\n`,
  );
  await node.exec("tc", ["-batch", "-"], { input: `qdisc add dev ${dev} clsact\n${filters.join("")}` });
  return [pod, await exactState(node, pod.pod)];
};

describe("while tc cannot tell what is there, what somebody else has in the place of ours stays", () => {
  test.each(theirs)("%s, when a first ADD fails", async (_, prefs) => {
    const [pod, before] = await occupied({}, prefs);
    await withBrokenTc(async () => {
      failed(await pod.call("ADD", { conf: { defaults: { egressBandwidth: "20M" } } }), 100, ["tc"]);
    }, BLIND_TC);
    expect(await exactState(node, pod.pod)).toBe(before);
    await ended(pod, before);
  });

  test.each(theirs)("%s, when a repeated ADD fails", async (_, prefs) => {
    const defaults = { dscp: "EF" };
    const [pod, before] = await occupied({ defaults }, prefs);
    await withBrokenTc(async () => {
      const conf = { defaults: { ...defaults, egressBandwidth: "20M" } };
      failed(await pod.call("ADD", { conf }), 100, ["no luck"]);
    }, BLIND_TC);
    expect(await exactState(node, pod.pod)).toBe(before);
    succeededSilently(await pod.call("CHECK", { conf: { defaults } }));
    succeededSilently(await pod.call("DEL"));
    expect(await exactState(node)).toContain(`qdisc clsact ffff: parent ffff:fff1`);
    await pod.unplug();
    await pod.pod.remove();
  });
});
