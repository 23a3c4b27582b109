/** What runtimes say of the chain that they have loaded. The answers are shortened ones of containerd 1.6.20 and CRI-O. */
import { describe, expect, it } from "vitest";
import { loadedByContainerd, loadedByCrio } from "../../../plugin/runtime/loaded.ts";

const list = (name: string, ...plugins: readonly object[]): object => ({
  Config: {
    Name: name,
    CNIVersion: "1.0.0",
    Plugins: plugins.map((plugin) => ({ Network: plugin, Source: JSON.stringify(plugin) })),
    Source: "{}",
  },
  IFName: "eth0",
});
const config = (...networks: readonly object[]): object => ({
  PluginDirs: ["/opt/cni/bin"],
  PluginConfDir: "/etc/cni/net.d",
  PluginMaxConfNum: 1,
  Prefix: "eth",
  Networks: networks,
});
const loopback = list("cni-loopback", { type: "loopback" });
const ours = { type: "pod-qos", uplink: { device: "eth0" } };

describe("containerd", () => {
  it.each([
    ["by the CRI, as text", JSON.stringify],
    ["by crictl, as JSON", (value: object) => value],
  ] as const)("says %s, which chain it has, whole, and from where", (_, as) => {
    const cniconfig = as(config(loopback, list("cbr0", { type: "flannel" }, ours)));
    expect(loadedByContainerd({ cniconfig, lastCNILoadStatus: "OK" })).toEqual({
      confDir: "/etc/cni/net.d",
      binDirs: ["/opt/cni/bin"],
      chains: [{ network: "cbr0", plugins: [{ type: "flannel" }, ours] }],
      reportsChain: true,
      fault: undefined,
    });
  });

  it("has no chain where it has but its loopback, and says what was wrong", () => {
    const fault =
      "cni config load failed: no network config found in /etc/cni/net.d: cni plugin not initialized";
    const said = { cniconfig: JSON.stringify(config(loopback)), lastCNILoadStatus: fault };
    expect(loadedByContainerd(said)).toMatchObject({ chains: [], reportsChain: true, fault });
  });

  it.each([[{}], [{ cniconfig: "no JSON" }], [{ cniconfig: "[]" }]])("of %j it reports nothing", (info) => {
    expect(loadedByContainerd(info)).toEqual({
      confDir: undefined,
      binDirs: [],
      chains: [],
      reportsChain: false,
      fault: undefined,
    });
  });
});

describe("CRI-O", () => {
  it("says which directories it has", () => {
    const toml = `[crio.network]
      cni_default_network = ""
      network_dir = "/etc/cni/net.d/"
      plugin_dirs = [
        "/opt/cni/bin/",
        "/usr/libexec/cni/",
      ]`;
    expect(loadedByCrio(toml)).toMatchObject({
      confDir: "/etc/cni/net.d",
      binDirs: ["/opt/cni/bin", "/usr/libexec/cni"],
      reportsChain: false,
    });
  });

  it("that does not answer says nothing", () => {
    expect(loadedByCrio("")).toMatchObject({ confDir: undefined, binDirs: [], chains: [] });
  });
});
