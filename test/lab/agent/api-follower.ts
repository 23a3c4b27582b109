/** A fake API server, a connection to it and one resource followed, with short times; and what was seen of it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type Connection } from "../../../plugin/kube/connect.ts";
import {
  type Change,
  follow,
  type Followed,
  type FollowOptions,
  type Notice,
} from "../../../plugin/kube/follow.ts";
import type { Resource } from "../../../plugin/kube/resource.ts";
import { type Timing, usual } from "../../../plugin/kube/timing.ts";
import { type Authority, authority, kubeconfig } from "../node/authority.ts";
import { eventually } from "../cluster/eventually.ts";
import { type FakeApi, fakeApi } from "./fake-api.ts";

export const QOS: Resource = { group: "k8s.ovn.org", version: "v1", name: "egressqoses" };
export const PATH = "/apis/k8s.ovn.org/v1/egressqoses";

/** Two orders of magnitude below the usual ones. */
export const quick: Timing = {
  ...usual,
  backOff: { first: 10, most: 100, good: 120_000 },
  poll: { first: 10, most: 50 },
  emptyAgain: 100,
  missingIsEmpty: 300,
  olderCounts: 300,
  shortWatch: 20,
  watchSeconds: { least: 60, most: 60 },
};

export type Site = {
  readonly folder: string;
  readonly authority: Authority;
  readonly api: FakeApi;
  /** Where the token is read from; "first" at the beginning. */
  readonly token: string;
  readonly kubeconfig: string;
};

/** One for all sites of a test file: openssl takes its time. */
let made: Authority | undefined;

export async function fakeSite(): Promise<Site & AsyncDisposable> {
  const folder = mkdtempSync(join(tmpdir(), "pod-qos-api-"));
  made ??= authority(folder);
  const api = await fakeApi({ ...made, paths: [PATH] });
  const token = join(folder, "token");
  writeFileSync(token, "first\n");
  const file = join(folder, "kubeconfig");
  writeFileSync(
    file,
    kubeconfig(
      `https://127.0.0.1:${api.port}`,
      { "certificate-authority-data": made.ca },
      { tokenFile: "token" },
    ),
  );
  return {
    folder,
    authority: made,
    api,
    token,
    kubeconfig: file,
    [Symbol.asyncDispose]: async () => {
      await api.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

export type Follower = {
  readonly connection: Connection;
  readonly now: () => Followed;
  /** "added a", "changed a", "deleted a", in order. */
  readonly said: readonly string[];
  /** Each change of the state, in order. */
  readonly states: readonly string[];
  readonly notices: readonly Notice[];
};

export async function follower(
  kubeconfigFile: string,
  options: Partial<Pick<FollowOptions, "before" | "trim" | "resource">> & {
    readonly timing?: Partial<Timing>;
    readonly onChange?: (now: Followed) => void;
  } = {},
): Promise<Follower & AsyncDisposable> {
  const { timing, onChange, resource = QOS, ...others } = options;
  const connection = await connect({ kubeconfig: kubeconfigFile, timing: { ...quick, ...timing } });
  const said: string[] = [];
  const states: string[] = [];
  const notices: Notice[] = [];
  const end = new AbortController();
  const { now, ended } = follow({
    ...others,
    connection,
    resource,
    signal: end.signal,
    onNotice: (notice) => void notices.push(notice),
    onChange: (followed, changes) => {
      if (followed.state !== states.at(-1)) states.push(followed.state);
      said.push(...changes.map(sentence));
      onChange?.(followed);
    },
  });
  return {
    connection,
    now,
    said,
    states,
    notices,
    [Symbol.asyncDispose]: async () => {
      end.abort();
      await ended;
      connection.close();
    },
  };
}

/** Waits for it, at most half a minute; `what` is for the error. */
export async function until(what: string, holds: () => boolean, withinMs = 30_000): Promise<void> {
  await eventually(what, () => holds() || undefined, { withinMs, everyMs: 5 });
}

function sentence(change: Change): string {
  const name = change.key.split("/").at(-1);
  return `${change.kind} ${name}`;
}
