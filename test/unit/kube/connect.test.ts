/** Where the API server is, who we are, and what a request says when it fails. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import { connect, type Connection, type ConnectOptions } from "../../../plugin/kube/connect.ts";
import { applyStatus, create } from "../../../plugin/kube/write.ts";
import { fakeSite, PATH, QOS, quick, type Site } from "../../lab/agent/api-follower.ts";
import { authority, kubeconfig } from "../../lab/node/authority.ts";
import { fakeApi, refuse, reply } from "../../lab/agent/fake-api.ts";

const pods = { path: PATH } as const;

async function connected(options: ConnectOptions): Promise<Connection & Disposable> {
  const connection = await connect(options);
  return { ...connection, [Symbol.dispose]: connection.close };
}

const configured = (site: Site, user: Readonly<Record<string, unknown>>, cluster = {}): string => {
  const file = join(site.folder, "other");
  const server = `https://127.0.0.1:${site.api.port}`;
  const ca = { "certificate-authority-data": site.authority.ca };
  writeFileSync(file, kubeconfig(server, { ...ca, ...cluster }, user));
  return file;
};

const authorization = (site: Site): string | undefined => site.api.seen.at(-1)?.headers.authorization;

describe("a kubeconfig", () => {
  it.each<readonly [string, Readonly<Record<string, unknown>>, string]>([
    ["a token", { token: "word" }, "Bearer word"],
    ["a token file, which wins over a token", { token: "word", tokenFile: "token" }, "Bearer first"],
    ["a name and a password", { username: "me", password: "word" }, "Basic bWU6d29yZA=="],
    [
      "a program",
      {
        exec: {
          apiVersion: "client.authentication.k8s.io/v1",
          command: "echo",
          args: ['{"status":{"token":"made"}}'],
        },
      },
      "Bearer made",
    ],
  ])("may have %s", async (_, user, expected) => {
    await using site = await fakeSite();
    using connection = await connected({ kubeconfig: configured(site, user) });
    await connection.get(pods);
    expect(authorization(site)).toBe(expected);
    expect(site.api.seen.at(-1)?.headers["user-agent"]).toBe("pod-qos/source");
  });

  it("may have a client's certificate and paths beside it", async () => {
    await using site = await fakeSite();
    const pair = authority(join(site.folder, "client"));
    writeFileSync(join(site.folder, "client.crt"), pair.cert);
    writeFileSync(join(site.folder, "client.key"), pair.key);
    const user = { "client-certificate": "client.crt", "client-key": "client.key" };
    using connection = await connected({ kubeconfig: configured(site, user) });
    await expect(connection.get(pods)).resolves.toMatchObject({ items: [] });
    rmSync(join(site.folder, "client.key"));
    await expect(connect({ kubeconfig: join(site.folder, "other") })).rejects.toThrow(
      /other: ENOENT: .*client.key/,
    );
  });

  it.each([
    ["is not there", undefined, /nowhere: ENOENT/],
    ["is no YAML", "a: [", /kubeconfig: .*/],
    ["is no kubeconfig", "3", /kubeconfig: /],
    [
      "names no cluster",
      "current-context: gone",
      /kubeconfig: current-context "gone" names no cluster of this file/,
    ],
    [
      "has a server in the clear",
      kubeconfig("http://127.0.0.1:1", {}, {}),
      /the server http:\/\/127.0.0.1:1\/ is not https/,
    ],
  ])("that %s is named with what is wrong", async (_, text, message) => {
    await using site = await fakeSite();
    const file = text === undefined ? join(site.folder, "nowhere") : site.kubeconfig;
    if (text !== undefined) writeFileSync(file, text);
    await expect(connect({ kubeconfig: file })).rejects.toThrow(message);
  });

  it("is read again in time: another server, another authority", async () => {
    await using site = await fakeSite();
    const other = authority(join(site.folder, "other-authority"));
    const api = await fakeApi({ ...other, paths: [PATH] });
    using connection = await connected({ kubeconfig: site.kubeconfig, timing: { ...quick, credentials: 0 } });
    await connection.get(pods);
    const cluster = { "certificate-authority-data": other.ca };
    writeFileSync(site.kubeconfig, kubeconfig(`https://127.0.0.1:${api.port}`, cluster, { token: "word" }));
    await connection.get(pods);
    expect([site.api.seen.length, api.seen.length]).toEqual([1, 1]);
    await api.stop();
  });

  it("that is gone for a while leaves the connection as it was", async () => {
    await using site = await fakeSite();
    using connection = await connected({ kubeconfig: site.kubeconfig, timing: { ...quick, credentials: 0 } });
    rmSync(site.kubeconfig);
    await expect(connection.get(pods)).resolves.toMatchObject({ items: [] });
  });

  it("is read no more than once a minute, and its connection is used again", async () => {
    await using site = await fakeSite();
    using connection = await connected({ kubeconfig: site.kubeconfig });
    writeFileSync(site.token, "second");
    const ports = new Set<number | undefined>();
    for (let turn = 0; turn < 3; turn++) {
      site.api.next("list", (response) => {
        ports.add(response.socket?.remotePort);
        reply(response, 200, {});
      });
      await connection.get(pods);
    }
    expect([authorization(site), ports.size]).toEqual(["Bearer first", 1]);
  });
});

const account = (site: Site, root: string): void => {
  const folder = join(root, "var/run/secrets/kubernetes.io/serviceaccount");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "ca.crt"), Buffer.from(site.authority.ca, "base64"));
  writeFileSync(join(folder, "token"), "of the account");
};

describe("in a cluster", () => {
  afterEach(() => void vi.unstubAllEnvs());
  it("the service account counts, at the host and port of the environment", async () => {
    await using site = await fakeSite();
    account(site, site.folder);
    vi.stubEnv("KUBERNETES_SERVICE_HOST", "127.0.0.1");
    vi.stubEnv("KUBERNETES_SERVICE_PORT", String(site.api.port));
    using connection = await connected({ root: site.folder });
    await connection.get(pods);
    expect(authorization(site)).toBe("Bearer of the account");
  });

  it("an IPv6 address is put in brackets", async () => {
    await using site = await fakeSite();
    account(site, site.folder);
    vi.stubEnv("KUBERNETES_SERVICE_HOST", "2001:db8::1");
    vi.stubEnv("KUBERNETES_SERVICE_PORT", "6443");
    using connection = await connected({ root: site.folder });
    expect(connection.server()).toBe("https://[2001:db8::1]:6443/");
  });

  it("without one it says what to do", async () => {
    vi.stubEnv("KUBERNETES_SERVICE_HOST", "");
    await expect(connect({})).rejects.toThrow(
      "KUBERNETES_SERVICE_HOST is not set, so this is no pod: name a kubeconfig with --kubeconfig",
    );
  });
});

describe("a request", () => {
  it("that is refused says which it was and what the server said", async () => {
    await using site = await fakeSite();
    using connection = await connected({ kubeconfig: site.kubeconfig });
    site.api.next("any", (response) =>
      refuse(response, 403, { reason: "Forbidden", message: "not you" }, { "Retry-After": "3" }),
    );
    await expect(connection.get(pods)).rejects.toMatchObject({
      name: "ServerError",
      status: 403,
      reason: "Forbidden",
      retryAfter: 3_000,
      message: `GET ${PATH} of 127.0.0.1:${site.api.port}: 403 Forbidden: not you`,
    });
  });

  it("to a server that is not there says so", async () => {
    await using site = await fakeSite();
    using connection = await connected({ kubeconfig: site.kubeconfig });
    const { port } = site.api;
    await site.api.stop();
    await expect(connection.get(pods)).rejects.toMatchObject({
      name: "NoAnswerError",
      message: `GET ${PATH} of 127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port}`,
    });
  });

  it("to a server of another authority is not answered", async () => {
    await using site = await fakeSite();
    const other = authority(join(site.folder, "other-authority"));
    const file = configured(site, {}, { "certificate-authority-data": other.ca });
    using connection = await connected({ kubeconfig: file });
    await expect(connection.get(pods)).rejects.toMatchObject({ name: "NoAnswerError" });
    expect(site.api.seen).toEqual([]);
  });

  it("to something that takes connections and says nothing ends in time", async () => {
    await using site = await fakeSite();
    const mute = createServer((socket) => void socket.on("error", () => undefined));
    await new Promise<void>((resolve) => void mute.listen(0, "127.0.0.1", resolve));
    const address = mute.address();
    const port = typeof address === "object" ? address?.port : undefined;
    writeFileSync(site.kubeconfig, kubeconfig(`https://127.0.0.1:${port}`, {}, {}));
    using connection = await connected({ kubeconfig: site.kubeconfig, timing: { ...quick, handshake: 200 } });
    await expect(connection.get(pods)).rejects.toThrow(/: no TLS handshake within 0.2 s$/);
    mute.close();
  });

  it("with a body that stops coming ends in time", async () => {
    await using site = await fakeSite();
    using connection = await connected({ kubeconfig: site.kubeconfig, timing: { ...quick, piece: 200 } });
    site.api.next("any", (response) => response.writeHead(200).write("{"));
    await expect(connection.get(pods)).rejects.toThrow(/: the answer was cut: nothing more within 0.2 s$/);
  });

  it("with a body that comes slowly is waited for as long as it comes", async () => {
    await using site = await fakeSite();
    using connection = await connected({ kubeconfig: site.kubeconfig, timing: { ...quick, piece: 2_000 } });
    site.api.next("any", async (response) => {
      response.writeHead(200);
      for (const piece of '{"a":1}') {
        response.write(piece);
        await sleep(400);
      }
      response.end();
    });
    await expect(connection.get(pods)).resolves.toEqual({ a: 1 });
  });

  it("with an answer that is no JSON says so", async () => {
    await using site = await fakeSite();
    using connection = await connected({ kubeconfig: site.kubeconfig });
    site.api.next("any", (response) => response.writeHead(200).end("<html>"));
    await expect(connection.get(pods)).rejects.toThrow(/: the answer is no JSON: /);
  });

  it("over an idle connection that the server closes just then is made once more", async () => {
    await using site = await fakeSite();
    using connection = await connected({ kubeconfig: site.kubeconfig });
    await connection.get(pods);
    site.api.next("any", (response) => response.socket?.destroy());
    await expect(connection.get(pods)).resolves.toMatchObject({ items: [] });
    expect(site.api.seen).toHaveLength(3);
  });

  it("that is 401 is made once more with the token as it is now, and no oftener", async () => {
    await using site = await fakeSite();
    using connection = await connected({ kubeconfig: site.kubeconfig });
    site.api.allow("second");
    await expect(connection.get(pods)).rejects.toMatchObject({ status: 401 });
    expect(site.api.seen).toHaveLength(1);
    writeFileSync(site.token, "second");
    await Promise.all([connection.get(pods), connection.get(pods)]);
    expect(site.api.seen.length).toBeLessThanOrEqual(5);
  });

  it("may be ended by its signal", async () => {
    await using site = await fakeSite();
    using connection = await connected({ kubeconfig: site.kubeconfig });
    site.api.next("any", () => undefined);
    const end = new AbortController();
    const asked = connection.get({ ...pods, signal: end.signal });
    end.abort();
    await expect(asked).rejects.toThrow(/abort/);
  });
});

describe("what is written", () => {
  it("to a status is applied by its manager, over what others say", async () => {
    await using site = await fakeSite();
    using connection = await connected({ kubeconfig: site.kubeconfig });
    site.api.next("any", (response) => reply(response, 200, { applied: true }));
    const resource = { ...QOS, namespace: "ns" };
    const status = { status: "EgressQoS Rules applied" };
    const made = { resource, kind: "EgressQoS", name: "default", manager: "pod-qos-node-1", status };
    await expect(applyStatus(connection, made)).resolves.toEqual({ applied: true });
    const [seen] = site.api.seen;
    expect([seen?.method, seen?.path, seen?.query.toString(), seen?.headers["content-type"]]).toEqual([
      "PATCH",
      "/apis/k8s.ovn.org/v1/namespaces/ns/egressqoses/default/status",
      "fieldManager=pod-qos-node-1&force=true",
      "application/apply-patch+yaml",
    ]);
    expect(JSON.parse(seen?.body ?? "")).toEqual({
      apiVersion: "k8s.ovn.org/v1",
      kind: "EgressQoS",
      metadata: { name: "default", namespace: "ns" },
      status,
    });
  });

  it("as a new object goes to all of its resource, and each byte of it arrives", async () => {
    await using site = await fakeSite();
    using connection = await connected({ kubeconfig: site.kubeconfig });
    site.api.next("any", (response) => reply(response, 201, {}));
    const resource = { group: "pod-qos.io", version: "v1alpha1", name: "qosnodes" };
    const object = { metadata: { name: "node-é" } };
    await create(connection, { resource, kind: "QoSNode", manager: "pod-qos-agent", object });
    const [seen] = site.api.seen;
    expect([seen?.method, seen?.path]).toEqual(["POST", "/apis/pod-qos.io/v1alpha1/qosnodes"]);
    expect(JSON.parse(seen?.body ?? "")).toEqual({
      apiVersion: "pod-qos.io/v1alpha1",
      kind: "QoSNode",
      ...object,
    });
  });

  it.each([
    ["PATCH", 3, undefined],
    ["POST", 2, "NoAnswerError"],
  ] as const)(
    "by %s over a connection that is closed just then: %i requests",
    async (method, count, error) => {
      await using site = await fakeSite();
      using connection = await connected({ kubeconfig: site.kubeconfig });
      await connection.get(pods);
      site.api.next("any", (response) => response.socket?.destroy());
      site.api.next("any", (response) => reply(response, 200, {}));
      const write = { method, path: PATH, contentType: "application/json", body: "{}" };
      const outcome = await connection.write(write).then(
        () => undefined,
        ({ name }: Error) => name,
      );
      expect([site.api.seen.length, outcome]).toEqual([count, error]);
    },
  );
});
