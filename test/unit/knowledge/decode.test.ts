import { describe, expect, it } from "vitest";
import { decodeNamespace, decodeNetwork, decodePod } from "../../../plugin/knowledge/decode.ts";
import { isPodId, isStaticPod, keptAnnotations, podIds } from "../../../plugin/knowledge/pod.ts";

const hash = "0123456789abcdef0123456789abcdef";
const pod = (metadata: object, more: object = {}) => ({
  metadata: { uid: "u-1", namespace: "prod", name: "web-1", ...metadata },
  ...more,
});

describe("a pod of the API", () => {
  it("is its names, labels, phase, and what its annotations say of traffic", () => {
    const annotations = { "pod-qos/dscp": "8", "kubernetes.io/egress-bandwidth": "1M", secret: "s" };
    const seen = pod(
      { labels: { app: "web" }, annotations, resourceVersion: "5", managedFields: [] },
      { spec: { nodeName: "n" }, status: { phase: "Running", podIP: "10.0.0.1" } },
    );
    expect(decodePod(seen)).toEqual({
      uid: "u-1",
      namespace: "prod",
      name: "web-1",
      labels: { app: "web" },
      annotations: { "pod-qos/dscp": "8", "kubernetes.io/egress-bandwidth": "1M" },
      phase: "Running",
      resourceVersion: "5",
    });
  });

  it("without labels has none", () => {
    expect(decodePod(pod({ labels: null }))).toMatchObject({ labels: {}, annotations: {} });
  });

  it.each([
    [
      "a mirror goes by its hash too",
      {
        "kubernetes.io/config.source": "file",
        "kubernetes.io/config.hash": hash,
        "kubernetes.io/config.mirror": hash,
      },
      ["u-1", hash],
    ],
    [
      "who says so of a pod of the API does not",
      {
        "kubernetes.io/config.source": "api",
        "kubernetes.io/config.hash": hash,
        "kubernetes.io/config.mirror": hash,
      },
      ["u-1"],
    ],
    [
      "nor can a pod take another one's UID",
      {
        "kubernetes.io/config.source": "file",
        "kubernetes.io/config.hash": "u-2",
        "kubernetes.io/config.mirror": "u-2",
      },
      ["u-1"],
    ],
    [
      "nor without a mirror",
      { "kubernetes.io/config.source": "file", "kubernetes.io/config.hash": hash },
      ["u-1"],
    ],
  ])("%s", (_, annotations, ids) => {
    const seen = decodePod(pod({ annotations }));
    expect(seen && podIds(seen)).toEqual(ids);
  });

  it.each([null, {}, { metadata: {} }, pod({ uid: 1 }), pod({ labels: { a: 1 } })])("is not %j", (item) => {
    expect(decodePod(item)).toBeUndefined();
  });
});

describe("annotations", () => {
  it.each([
    ["pod-qos/class", true],
    ["net1.pod-qos/dscp", true],
    ["kubernetes.io/ingress-bandwidth", true],
    ["kubernetes.io/config.source", true],
    ["k8s.v1.cni.cncf.io/network-status", true],
    ["kubernetes.io/egress-bandwith", true],
    ["Pod-QoS/dscp", true],
    ["kubectl.kubernetes.io/last-applied-configuration", false],
    ["example.com/pod", false],
  ])("%s is kept: %s", (key, isKept) => {
    expect(Object.keys(keptAnnotations({ [key]: "x" }))).toEqual(isKept ? [key] : []);
  });
});

describe("a static pod", () => {
  it.each([
    [hash, {}, true],
    ["0b9c0ed1-7c4e-4a67-9d5e-5dbd6a5c1f00", {}, false],
    ["0b9c0ed1-7c4e-4a67-9d5e-5dbd6a5c1f00", { "kubernetes.io/config.source": "file" }, true],
    [hash, { "kubernetes.io/config.source": "api" }, false],
  ])("is known by its source, else by its hash: %s %j", (id, annotations, isStatic) => {
    expect(isStaticPod(id, annotations)).toBe(isStatic);
  });

  it.each(["../../etc/passwd", "", "a/b", ".", "x".repeat(65)])("%j is nobody's id", (id) => {
    expect(isPodId(id)).toBe(false);
  });
});

describe("a namespace of the API", () => {
  it("is its name, labels, and annotations of ours", () => {
    const metadata = {
      uid: "n-1",
      name: "prod",
      labels: { team: "a" },
      annotations: { "pod-qos/dscp": "8", other: "x" },
    };
    expect(decodeNamespace({ metadata })).toEqual({
      name: "prod",
      uid: "n-1",
      labels: { team: "a" },
      annotations: { "pod-qos/dscp": "8" },
    });
  });
});

const nad = (config: unknown, more: object = {}) => ({
  metadata: { uid: "d-1", namespace: "prod", name: "fast", labels: { tier: "1" }, ...more },
  spec: { config },
});

describe("a NetworkAttachmentDefinition of the API", () => {
  const known = decodeNetwork(nad('{"name":"fastnet","type":"ipvlan"}'), undefined).network;

  it("is the network of its conf, or that of its own name", () => {
    expect(known).toMatchObject({
      namespace: "prod",
      name: "fast",
      labels: { tier: "1" },
      network: "fastnet",
    });
    expect(known?.conf).toBe('{"name":"fastnet","type":"ipvlan"}');
    expect(decodeNetwork(nad(undefined), undefined).network).toMatchObject({ network: "fast", conf: "" });
  });

  it("with a conf that cannot be read keeps what it was", () => {
    const broken = decodeNetwork(nad("{"), known);
    expect(broken.network).toBe(known);
    expect(broken.fault).toContain("NetworkAttachmentDefinition prod/fast (API): spec.config is not JSON");
    expect(decodeNetwork(nad("{", { uid: "d-2" }), known).network).toBeUndefined();
  });
});
