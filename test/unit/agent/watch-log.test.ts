/** What following the API meets, in the log: each reason once, however often it fails. */
import { expect, it } from "vitest";
import { createMetrics } from "../../../plugin/agent/metrics.ts";
import { createWatchLog } from "../../../plugin/agent/watch-log.ts";
import type { Notice } from "../../../plugin/kube/follow.ts";

const open = () => {
  const lines: string[] = [];
  const metrics = createMetrics();
  const note = createWatchLog({ metrics, log: (level, text) => void lines.push(`${level} ${text}`) });
  return { note, lines, metrics };
};
const failed = (path: string): Notice => ({
  kind: "failed",
  during: "list",
  message: `GET ${path} of 10.0.0.1: connect ECONNREFUSED`,
  wait: 1_500,
});
const watching: Notice = { kind: "watching", version: "1" };

it("each selection of destinations that fails again and again is logged once, and counted each time", async () => {
  const { note, lines, metrics } = open();
  for (let time = 0; time < 3; time += 1)
    for (const selection of ["prod app=db", "dev"]) note("destinations", failed(`/${selection}`), selection);
  expect(lines).toEqual([
    "warn destinations prod app=db: list: GET /prod app=db of 10.0.0.1: connect ECONNREFUSED; next try in 2 s",
    "warn destinations dev: list: GET /dev of 10.0.0.1: connect ECONNREFUSED; next try in 2 s",
  ]);
  const counted = await metrics.registry.getSingleMetricAsString("pod_qos_watch_restarts_total");
  expect(counted).toMatch(/resource="destinations",reason="list"\} 6/);
});

it("a selection that is followed again says nothing of one that still fails", () => {
  const { note, lines } = open();
  for (const selection of ["dev", "prod"]) note("destinations", failed(`/${selection}`), selection);
  lines.length = 0;
  note("destinations", watching, "dev");
  note("destinations", watching, "dev");
  note("destinations", failed("/prod"), "prod");
  expect(lines).toEqual(["info destinations dev: followed again"]);
});

it("another reason is logged, and the same one anew once it was followed again", () => {
  const { note, lines } = open();
  for (const path of ["/a", "/a", "/b"]) note("pods", failed(path));
  note("pods", watching);
  note("pods", failed("/b"));
  expect(lines.map((line) => line.replace(/ of 10.*/, ""))).toEqual([
    "warn pods: list: GET /a",
    "warn pods: list: GET /b",
    "info pods: followed again",
    "warn pods: list: GET /b",
  ]);
});
