/** Events on their way to the API: in turn, again where it does not answer, and dropped where it refuses. */
import { expect, it } from "vitest";
import type { EventData } from "../../../../plugin/agent/events/event.ts";
import { createRecorder, type Writer } from "../../../../plugin/agent/events/recorder.ts";
import { createMetrics } from "../../../../plugin/agent/metrics.ts";
import { NoAnswerError, ServerError } from "../../../../plugin/kube/errors.ts";
import type { Write } from "../../../../plugin/kube/send.ts";
import { eventually } from "../../../lab/cluster/eventually.ts";

const event = (note: string, uid = "u-1"): EventData => ({
  subject: { apiVersion: "v1", kind: "Pod", namespace: "prod", name: "web-1", uid },
  reason: "QoSRejected",
  note,
});

const refusal = (status: number, message = ""): ServerError =>
  new ServerError({ request: "POST", status, reason: `r${status}`, message, isAhead: false });

const recording = () => {
  const metrics = createMetrics();
  const lines: string[] = [];
  const recorder = createRecorder({
    node: "node-1",
    log: (level, text) => lines.push(`${level} ${text}`),
    metrics,
    signal: new AbortController().signal,
    pace: { gapMs: 1, againMs: 5 },
  });
  const counted = async (result: string): Promise<number> => {
    const { values } = await metrics.events.get();
    return values.find(({ labels }) => labels.result === result)?.value ?? 0;
  };
  const came = (result: string, many = 1) =>
    eventually(`${many} ${result}`, async () => (await counted(result)) === many || undefined);
  return { recorder, lines, counted, came };
};

/** Keeps what is written; the first answers are those given. */
const writerOf = (answers: readonly (Error | undefined)[] = []) => {
  const writes: Write[] = [];
  const writer: Writer = (write) => {
    const answer = answers[writes.push(write) - 1];
    return answer === undefined ? Promise.resolve({}) : Promise.reject(answer);
  };
  return { writes, writer };
};

const bodyOf = (write: Write | undefined): unknown => JSON.parse(write?.body ?? "null");

it("the first is made with all that describe prints, the same one again is patched", async () => {
  const { recorder, came } = recording();
  const { writes, writer } = writerOf();
  recorder.setWriter(writer);
  recorder.record(event("bad"));
  recorder.record(event("bad"));
  await came("written", 2);
  const [first, second] = writes;
  const made = bodyOf(first);
  expect(first).toMatchObject({ method: "POST", path: "/api/v1/namespaces/prod/events" });
  expect(made).toMatchObject({
    involvedObject: { kind: "Pod", namespace: "prod", name: "web-1", uid: "u-1" },
    reason: "QoSRejected",
    message: "bad",
    type: "Warning",
    source: { component: "pod-qos-agent", host: "node-1" },
    count: 1,
  });
  const { name } = (made as { readonly metadata: { readonly name: string } }).metadata;
  expect(second).toMatchObject({ method: "PATCH", path: `/api/v1/namespaces/prod/events/${name}` });
  expect(bodyOf(second)).toMatchObject({ count: 2 });
});

it("they wait until the API is known, and while it is another cluster's", async () => {
  const { recorder, came } = recording();
  const { writes, writer } = writerOf();
  recorder.record(event("bad"));
  recorder.setWriter(writer);
  await came("written");
  recorder.setWriter(undefined);
  recorder.record(event("worse"));
  expect(writes).toHaveLength(1);
  recorder.setWriter(writer);
  await came("written", 2);
});

it("one that is there already is as good", async () => {
  const { recorder, lines, came } = recording();
  recorder.setWriter(writerOf([refusal(409)]).writer);
  recorder.record(event("bad"));
  await came("known");
  expect(lines).toEqual([]);
});

it("one that the API has forgotten is made again where it was to be patched", async () => {
  const { recorder, came } = recording();
  const { writes, writer } = writerOf([undefined, refusal(404)]);
  recorder.setWriter(writer);
  recorder.record(event("bad"));
  recorder.record(event("bad"));
  await came("written", 2);
  expect(writes.map(({ method }) => method)).toEqual(["POST", "PATCH", "POST"]);
  expect(bodyOf(writes[2])).toMatchObject({ count: 2 });
});

it("a refusal is logged once and holds nothing up", async () => {
  const { recorder, lines, came } = recording();
  recorder.setWriter(writerOf([refusal(403, "no"), refusal(403, "no")]).writer);
  for (const note of ["a", "b", "c"]) recorder.record(event(note));
  await came("refused", 2);
  await came("written");
  expect(lines.filter((line) => !line.startsWith("debug"))).toEqual([
    expect.stringMatching(/^warn an Event was not written: .*403/),
  ]);
});

it("that of a namespace that is being deleted is not worth a line", async () => {
  const { recorder, lines, came } = recording();
  recorder.setWriter(writerOf([refusal(403, "because it is being terminated")]).writer);
  recorder.record(event("bad"));
  await came("refused");
  expect(lines.filter((line) => !line.startsWith("debug"))).toEqual([]);
});

it.each([new NoAnswerError("POST", "away"), refusal(429), refusal(503), refusal(401)])(
  "what is not answered is tried again: %s",
  async (error) => {
    const { recorder, came } = recording();
    const { writes, writer } = writerOf([error, error]);
    recorder.setWriter(writer);
    recorder.record(event("bad"));
    await came("written");
    expect(writes).toHaveLength(3);
  },
);

it("after twelve tries it is lost, and the next one has its turn", async () => {
  const { recorder, came } = recording();
  const { writes, writer } = writerOf(Array.from({ length: 12 }, () => refusal(503)));
  recorder.setWriter(writer);
  recorder.record(event("bad"));
  recorder.record(event("worse"));
  await came("lost");
  await came("written");
  expect(writes).toHaveLength(13);
});

it("without an API no more than a thousand wait", async () => {
  const { recorder, counted, came } = recording();
  for (let at = 0; at < 1_010; at += 1) recorder.record(event("bad", `u-${at}`));
  expect(await counted("lost")).toBe(10);
  recorder.setWriter(writerOf().writer);
  await came("written", 1_000);
});
