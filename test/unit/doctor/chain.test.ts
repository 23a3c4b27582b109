/** Which chain of a conf directory counts, and the commands that change it. */
import { describe, expect, it } from "vitest";
import { chainOf, withPlugins, type Chain } from "../../../plugin/cli/doctor/chain.ts";
import { isOurs, type TextFile } from "../../../plugin/cni/chain-file.ts";
import { installed, putJson, quoted } from "../../../plugin/cli/doctor/shell.ts";
import { file, flannel, ours, well } from "./well.ts";

const text = (name: string, document: object): TextFile => ({ name, text: JSON.stringify(document) });
const read = (files: readonly TextFile[], dropIns: Parameters<typeof chainOf>[0]["dropIns"] = []): Chain => {
  const chain = chainOf({ files, dropIns });
  if (typeof chain !== "object") throw new Error(`no chain: ${chain}`);
  return chain;
};
const types = ({ plugins }: Chain): readonly unknown[] => plugins.map(({ type }) => type);

describe("the chain that counts", () => {
  it("is that of the first file with an ending that runtimes read", () => {
    const files = [
      file("05-x.conflist.bak", ours),
      file("10-a.conflist", flannel),
      file("20-b.conflist", ours),
    ];
    expect(read(files)).toMatchObject({ file: "10-a.conflist", network: "podnet", place: "own" });
  });

  it.each([
    ["no file", [], undefined],
    ["half a file", [{ name: "05-x.conf", text: "{" }], /^05-x.conf is not JSON/],
    ["a list", [{ name: "05-x.conf", text: "[]" }], "05-x.conf is not a JSON object"],
    [
      "a byte order mark",
      [{ name: "05-x.conf", text: '\uFEFF{"name":"a","type":"b"}' }],
      "05-x.conf begins with a byte order mark, which no runtime takes",
    ],
    [
      "a list in a .conf",
      [{ name: "05-x.conf", text: '{"name":"a","plugins":[{"type":"b"}]}' }],
      "05-x.conf holds a list of plugins, for which its name must end in .conflist",
    ],
  ] as const)("of %s is none", (_, files, said) => {
    const chain = chainOf({ files, dropIns: [] });
    if (said instanceof RegExp) expect(chain).toMatch(said);
    else expect(chain).toBe(said);
  });

  it("is a single plugin's conf too", () => {
    const conf = { cniVersion: "1.1.0", name: "ovn", type: "ovn-k8s-cni-overlay" };
    const chain = read([text("05-ovn.conf", conf)]);
    expect(chain).toMatchObject({ place: "single", network: "ovn", plugins: [conf] });
    expect(withPlugins(chain, [{ ...conf, mtu: 1400 }])).toEqual({ ...conf, mtu: 1400 });
  });

  it("of Multus' conf is its first delegate's", () => {
    const multus = {
      name: "multus-cni-network",
      type: "multus",
      delegates: [{ name: "podnet", plugins: [flannel] }],
    };
    const chain = read([text("00-multus.conf", multus), file("10-a.conflist", ours)]);
    expect(chain).toMatchObject({ place: "delegate", network: "podnet" });
    expect(types(chain)).toEqual(["flannel"]);
    expect(withPlugins(chain, [flannel, ours])).toEqual({
      ...multus,
      delegates: [{ name: "podnet", plugins: [flannel, ours] }],
    });
  });

  it("makes a list of a delegate of one plugin where it gets more", () => {
    const delegate = { cniVersion: "1.0.0", name: "podnet", type: "ovn-k8s-cni-overlay" };
    const multus = { name: "multus-cni-network", type: "multus", delegates: [delegate] };
    const chain = read([text("00-multus.conf", multus)]);
    expect(types(chain)).toEqual(["ovn-k8s-cni-overlay"]);
    expect(withPlugins(chain, [delegate, ours])).toEqual({
      ...multus,
      delegates: [{ cniVersion: "1.0.0", name: "podnet", plugins: [delegate, ours] }],
    });
  });

  it("of a Multus without delegates is the next file's", () => {
    const shim = { cniVersion: "1.0.0", name: "multus-cni-network", plugins: [{ type: "multus-shim" }] };
    expect(read([text("00-multus.conflist", shim), file("10-a.conflist", flannel)]).file).toBe(
      "10-a.conflist",
    );
  });

  it("has the drop-ins of its network, unless it wants none, and then has them itself", () => {
    const dropIn = { directory: "podnet", name: "50-x.conf", text: JSON.stringify(ours) };
    const chain = read([file("10-a.conflist", flannel)], [dropIn]);
    expect(types(chain)).toEqual(["flannel", "pod-qos"]);
    expect(withPlugins(chain, chain.plugins)).toMatchObject({ loadOnlyInlinedPlugins: true });
    const alone = text("10-a.conflist", { name: "podnet", loadOnlyInlinedPlugins: true, plugins: [flannel] });
    expect(types(read([alone], [dropIn]))).toEqual(["flannel"]);
    expect(types(read([file("10-a.conflist", flannel)], [{ ...dropIn, name: "50-x.json" }]))).toEqual([
      "flannel",
    ]);
  });

  it("knows our entry in any spelling of its keys", () => {
    expect(isOurs({ Type: "pod-qos" })).toBe(true);
    expect(isOurs({ type: "bandwidth" })).toBe(false);
  });
});

describe("a command", () => {
  it("quotes what a shell would read otherwise", () => {
    expect(["/run/pod-qos", "a b", "it's", "$(x)", ""].map(quoted)).toEqual([
      "/run/pod-qos",
      "'a b'",
      "'it'\\''s'",
      "'$(x)'",
      "''",
    ]);
  });

  it("installs the chain, with an entry that is there, below another root", () => {
    expect(installed(well)).toBe("/usr/bin/pod-qos install --conf-dir /etc/cni/net.d --bin-dir /opt/cni/bin");
    const chain = { ...well.chain, confDir: "/host/etc/cni/net.d", binDir: "/host/opt/cni/bin" };
    expect(installed({ ...well, root: "/host", chain }, { type: "pod-qos" })).toBe(
      `printf '%s\\n' '{"type":"pod-qos"}' | /usr/bin/pod-qos install --entry /dev/stdin --root /host --conf-dir /etc/cni/net.d --bin-dir /opt/cni/bin`,
    );
  });

  it("writes a file beside its place and renames it within the directory", () => {
    expect(putJson("/etc/cni/net.d", "09-x.conflist", { name: "it's" })).toBe(
      `printf '%s\\n' '{\n  "name": "it'\\''s"\n}' >/etc/cni/net.d/.pod-qos.tmp && mv /etc/cni/net.d/.pod-qos.tmp /etc/cni/net.d/09-x.conflist`,
    );
  });
});
