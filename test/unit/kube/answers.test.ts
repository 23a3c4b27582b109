/** What the API server sends, read; and what is sent to it. */
import { describe, expect, it } from "vitest";
import { retryAfterOf } from "../../../plugin/kube/body.ts";
import { decodeLine, decodePage, decodeStatus } from "../../../plugin/kube/decode.ts";
import { ServerError } from "../../../plugin/kube/errors.ts";
import { listQuery, pathOf, watchQuery } from "../../../plugin/kube/resource.ts";
import { optionsOf } from "../../../plugin/kube/send.ts";
import { usual } from "../../../plugin/kube/timing.ts";
import { Agent } from "node:https";

const metadata = { namespace: "ns", name: "a", uid: "u", resourceVersion: "7" };

describe("an object", () => {
  it("is kept without managedFields", () => {
    const object = {
      metadata: { ...metadata, managedFields: [{ manager: "kubectl" }], labels: { a: "b" } },
      spec: 1,
    };
    expect(decodeLine(JSON.stringify({ type: "ADDED", object }))).toEqual({
      kind: "is",
      item: {
        key: "ns/a",
        uid: "u",
        version: "7",
        object: { metadata: { ...metadata, labels: { a: "b" } }, spec: 1 },
      },
    });
  });

  it("of no namespace has its name for a key", () => {
    const { namespace: _, ...named } = metadata;
    const page = decodePage({ metadata: { resourceVersion: "9" }, items: [{ metadata: named }] });
    expect(page.items.map(({ key }) => key)).toEqual(["a"]);
  });

  it.each([
    ["no JSON", "{"],
    ["no event", '{"kind":"Status"}'],
    ["another type", JSON.stringify({ type: "MOVED", object: { metadata } })],
    ["no UID", JSON.stringify({ type: "ADDED", object: { metadata: { name: "a", resourceVersion: "7" } } })],
    ["no version", JSON.stringify({ type: "ADDED", object: { metadata: { name: "a", uid: "u" } } })],
    ["a bookmark of no version", JSON.stringify({ type: "BOOKMARK", object: { metadata: {} } })],
  ])("that is %s is an error", (_, line) => {
    expect(() => decodeLine(line)).toThrow(Error);
  });
});

describe("a list", () => {
  it("is read with its version and what comes after it", () => {
    expect(
      decodePage({ metadata: { resourceVersion: "9", continue: "more" }, items: [{ metadata }] }),
    ).toMatchObject({
      version: "9",
      next: "more",
      items: [{ key: "ns/a" }],
    });
  });

  it("without items is empty, as Go writes it", () => {
    expect(decodePage({ metadata: { resourceVersion: "9" }, items: null }).items).toEqual([]);
  });

  it.each([
    ["nothing", undefined],
    ["of no version", { metadata: {}, items: [] }],
    ["without items at all", { metadata: { resourceVersion: "9" } }],
    ["with something that is no object", { metadata: { resourceVersion: "9" }, items: [{ metadata }, 3] }],
  ])("that is %s is an error, and not an empty list", (_, body) => {
    expect(() => decodePage(body)).toThrow(Error);
  });
});

describe("a refusal", () => {
  it("tells a version that the server does not have yet, by cause or by text", () => {
    const causes = [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }];
    expect(decodeStatus({ code: 504, reason: "Timeout", details: { causes } }).isAhead).toBe(true);
    expect(decodeStatus({ message: "Too large resource version: 9, current: 8" }).isAhead).toBe(true);
    expect(decodeStatus({ code: 504, reason: "Timeout", message: "timed out" }).isAhead).toBe(false);
  });

  it("in nobody's words is none of ours", () => {
    expect(decodeStatus("<html>")).toEqual({
      code: 0,
      reason: "",
      message: "",
      retryAfterSeconds: undefined,
      isAhead: false,
    });
  });

  it("is told by request, status and the server's words", () => {
    const request = "GET /api/v1/pods of 127.0.0.1:6443";
    const said = { request, status: 403, reason: "Forbidden", message: "pods is forbidden", isAhead: false };
    expect(new ServerError(said).message).toBe(`${request}: 403 Forbidden: pods is forbidden`);
    expect(new ServerError({ ...said, reason: "", message: "" }).message).toBe(`${request}: 403`);
  });

  it.each([
    ["7", 7_000],
    [" 0 ", 0],
    ["Thu, 01 Jan 1970 00:00:11 GMT", 10_000],
    ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
    ["soon", undefined],
    [undefined, undefined],
  ])("says %s of when to come back: %s ms", (header, expected) => {
    expect(retryAfterOf(header, 1_000)).toBe(expected);
  });
});

describe("a request", () => {
  const credentials = { tls: {}, headers: { Authorization: "Bearer t" }, proxy: undefined };
  const line = { agent: new Agent(), timing: usual, userAgent: "pod-qos/1" };
  const optionsFor = (server: string): object =>
    optionsOf(
      { path: "/api/v1/pods", query: { fieldSelector: "spec.nodeName=a b" } },
      { ...line, credentials: { ...credentials, server: new URL(server) } },
    );

  it.each([
    ["https://10.0.0.1:6443", "10.0.0.1", "6443", ""],
    ["https://api.example.com", "api.example.com", 443, ""],
    ["https://[2001:db8::1]:6443", "2001:db8::1", "6443", ""],
    ["https://proxy.example.com/k8s/clusters/c-1/", "proxy.example.com", 443, "/k8s/clusters/c-1"],
  ])("goes to %s", (server, hostname, port, before) => {
    const { hostname: host, port: at, path } = optionsFor(server) as Record<string, unknown>;
    expect({ host, at: String(at), path }).toEqual({
      host: hostname,
      at: String(port),
      path: `${before}/api/v1/pods?fieldSelector=spec.nodeName%3Da+b`,
    });
  });

  it("says who asks", () => {
    expect(optionsFor("https://10.0.0.1:6443")).toMatchObject({
      headers: { "User-Agent": "pod-qos/1", Authorization: "Bearer t" },
    });
  });

  it("for a list has pages only where it asks for what is true now", () => {
    const pods = { group: "", version: "v1", name: "pods", fieldSelector: "spec.nodeName=n" };
    expect(pathOf(pods)).toBe("/api/v1/pods");
    expect(listQuery(pods, "0")).toEqual({ fieldSelector: "spec.nodeName=n", resourceVersion: "0" });
    expect(listQuery(pods, "")).toEqual({ fieldSelector: "spec.nodeName=n", limit: "500" });
    expect(listQuery(pods, "", "next")).toMatchObject({ limit: "500", continue: "next" });
    const qos = { group: "k8s.ovn.org", version: "v1", name: "egressqoses", namespace: "ns" };
    expect(pathOf(qos)).toBe("/apis/k8s.ovn.org/v1/namespaces/ns/egressqoses");
    expect(watchQuery(qos, "9", 300)).toEqual({
      watch: "1",
      allowWatchBookmarks: "true",
      resourceVersion: "9",
      timeoutSeconds: "300",
    });
  });
});
