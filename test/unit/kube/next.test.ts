/** Every answer of an API server, in every state where it makes a difference: what is asked next, and what is kept. */
import { describe, expect, it } from "vitest";
import type { Answer, Failure } from "../../../plugin/kube/answer.ts";
import type { Ask } from "../../../plugin/kube/ask.ts";
import { firstAsk, next, type Step } from "../../../plugin/kube/next.ts";
import { advanced, begin, opened, type Progress } from "../../../plugin/kube/progress.ts";
import { usual } from "../../../plugin/kube/timing.ts";

const fresh = begin();
const synced: Progress = { ...begin("200"), state: "synced" };
/** So often refused in a row, and so often not answered. */
const failing = (failures: number, unanswered = failures): Progress => ({ ...synced, failures, unanswered });
/** It has failed before, when there had been 7 good answers. */
const away: Progress = { ...failing(6), polls: 6, absence: { answers: 7, isAway: true } };
const alone: Progress = { ...away, absence: { answers: 6, isAway: false } };
const back: Progress = { ...away, absence: { answers: 6, isAway: true } };

/** Half of all chance; an hour after the start; the server has answered well 7 times. */
const given = { now: 3_600_000, chance: 0.5, answers: 7, timing: usual };
const listed = (version: string, count: number, had = count): Answer => ({
  kind: "listed",
  version,
  count,
  had,
});
const noList = (failure: Partial<Failure>): Answer => ({
  kind: "list failed",
  failure: { message: "said so", ...failure },
});
const noWatch = (failure: Partial<Failure>, lasted = 5_000): Answer => ({
  kind: "watch failed",
  failure: { message: "said so", ...failure },
  watched: { lasted, hasEvents: false },
});
const ended = (lasted: number, hasEvents = false): Answer => ({
  kind: "watch ended",
  watched: { lasted, hasEvents },
});
const silent: Answer = { kind: "watch silent", watched: { lasted: 180_000, hasEvents: false } };

const ask = (kind: Ask["kind"], at: string, after = 0, wokenAfter?: number): Ask => ({
  kind,
  at,
  after,
  wokenAfter,
});

type Row = readonly [
  behaviour: string,
  before: Progress,
  answer: Answer,
  ask: Ask,
  store: Step["store"],
  after: Partial<Progress>,
];

const HOUR = 3_600_000;
const rows: readonly Row[] = [
  [
    "a list is taken and watched from its version",
    fresh,
    listed("300", 5, 0),
    ask("watch", "300"),
    "replace",
    { state: "synced", version: "300" },
  ],
  [
    "an empty list where nothing was known counts",
    fresh,
    listed("300", 0, 0),
    ask("watch", "300"),
    "replace",
    { state: "synced" },
  ],
  [
    "a list of the version that is known counts",
    synced,
    listed("200", 3),
    ask("watch", "200"),
    "replace",
    {},
  ],
  [
    "versions are numbers: 1000 is newer than 200",
    synced,
    listed("1000", 3),
    ask("watch", "1000"),
    "replace",
    {},
  ],
  [
    "a list clears what was said before",
    { ...synced, state: "refused", message: "no" },
    listed("300", 1),
    ask("watch", "300"),
    "replace",
    { state: "synced", message: "" },
  ],
  [
    "a list does not make earlier failures good",
    failing(3),
    listed("300", 1),
    ask("watch", "300"),
    "replace",
    { failures: 3 },
  ],

  [
    "an older list changes nothing and is asked for exactly",
    synced,
    listed("199", 3),
    ask("list", "", 400),
    "keep",
    { version: "200", olderSince: HOUR, isExact: true },
  ],
  [
    "an older exact list changes nothing",
    { ...synced, isExact: true },
    listed("199", 3),
    ask("list", "", 400),
    "keep",
    { version: "200", olderSince: HOUR },
  ],
  [
    "an exact list that is older for ten minutes counts: the store was put back",
    { ...synced, isExact: true, olderSince: HOUR - 600_000 },
    listed("199", 3),
    ask("watch", "199"),
    "replace",
    { version: "199", olderSince: undefined },
  ],
  [
    "a list from memory that is older for ten minutes does not",
    { ...synced, olderSince: HOUR - 700_000 },
    listed("199", 3),
    ask("list", "", 400),
    "keep",
    { version: "200" },
  ],

  [
    "an empty list where objects were is asked for again after 5 s, exactly",
    synced,
    listed("300", 0, 4),
    ask("list", "", 5_000),
    "keep",
    { version: "200", isEmpty: true, state: "synced" },
  ],
  [
    "the second empty list counts",
    { ...synced, isEmpty: true, isExact: true },
    listed("301", 0, 4),
    ask("watch", "301"),
    "replace",
    { isEmpty: false, isExact: false },
  ],
  [
    "objects in the second list: as if the first had not been",
    { ...synced, isEmpty: true, isExact: true },
    listed("301", 4),
    ask("watch", "301"),
    "replace",
    { isEmpty: false },
  ],
  [
    "a failure between the two empty lists starts nothing anew",
    { ...synced, isEmpty: true, isExact: true },
    noList({ status: 500 }),
    ask("list", "", 400, 0),
    "keep",
    { isEmpty: true },
  ],

  [
    "a list at a version that is too old is asked for exactly, at once",
    synced,
    noList({ status: 410 }),
    ask("list", ""),
    "keep",
    { isExact: true, state: "synced" },
  ],
  [
    "a list at a version that the server does not have is asked for exactly, at once",
    synced,
    noList({ status: 504, isAhead: true, retryAfter: 1000 }),
    ask("list", ""),
    "keep",
    { isExact: true },
  ],
  [
    "an exact list that is refused as too old is asked for again, but not at once",
    { ...synced, isExact: true },
    noList({ status: 410 }),
    ask("list", "", 400),
    "keep",
    {},
  ],

  [
    "no answer: back off, until the server is back",
    synced,
    noList({}),
    ask("list", "200", 400, 0),
    "keep",
    { state: "synced", unanswered: 1, failures: 0, message: "said so" },
  ],
  [
    "the fourth failure waits up to 6.4 s",
    failing(3),
    noList({}),
    ask("list", "200", 3_200, 0),
    "keep",
    { unanswered: 4 },
  ],
  [
    "a refusal as well",
    failing(3),
    noList({ status: 500 }),
    ask("list", "200", 3_200, 0),
    "keep",
    { failures: 4 },
  ],
  [
    "a refusal after requests without an answer waits like a first failure: a server that starts refuses for a while",
    failing(0, 7),
    noList({ status: 429, retryAfter: 1_000 }),
    ask("list", "200", 1_400),
    "keep",
    { failures: 1, unanswered: 7 },
  ],
  [
    "no answer after refusals goes on where it was: a server that does now this, now that, is not asked in a loop",
    failing(3, 4),
    noList({}),
    ask("list", "200", 6_400, 0),
    "keep",
    { failures: 3, unanswered: 5 },
  ],
  [
    "while nobody is answered well, the next good answer ends every wait, a poll too",
    away,
    noList({ status: 403 }),
    ask("list", "200", 60_000, 0),
    "keep",
    { polls: 7 },
  ],
  [
    "but none sooner than the server said",
    { ...away, failures: 16 },
    noList({ status: 429, retryAfter: 2_000 }),
    ask("list", "200", 17_000, 2_400),
    "keep",
    { failures: 17 },
  ],
  [
    "when somebody has been answered well since, all begins anew",
    back,
    noList({ status: 429, retryAfter: 1_000 }),
    ask("list", "200", 1_400),
    "keep",
    { failures: 1, unanswered: 0, polls: 0, absence: { answers: 7, isAway: false } },
  ],
  [
    "for a poll too",
    back,
    noList({ status: 403 }),
    ask("list", "200", 1_000),
    "keep",
    { failures: 0, unanswered: 0, polls: 1 },
  ],
  [
    "where others are answered well and this is not, it waits longer each time, and nothing ends that",
    alone,
    noList({ status: 500 }),
    ask("list", "200", 15_000),
    "keep",
    { failures: 7, absence: { answers: 7, isAway: false } },
  ],
  ["no failure waits longer than 30 s", failing(40), noList({}), ask("list", "200", 15_000, 0), "keep", {}],
  [
    "500 is waited out like no answer",
    synced,
    noList({ status: 500 }),
    ask("list", "200", 400, 0),
    "keep",
    {},
  ],
  [
    "400 is not: another answer does not make it good",
    synced,
    noList({ status: 400 }),
    ask("list", "200", 400),
    "keep",
    {},
  ],
  [
    "429: as long as the server says, and some more",
    synced,
    noList({ status: 429, retryAfter: 7_000 }),
    ask("list", "200", 7_400),
    "keep",
    {},
  ],
  [
    "429 the eleventh time: the same",
    failing(10),
    noList({ status: 429, retryAfter: 7_000 }),
    ask("list", "200", 7_400),
    "keep",
    { failures: 11 },
  ],
  [
    "429 the twelfth time: longer than the server says",
    failing(11),
    noList({ status: 429, retryAfter: 7_000 }),
    ask("list", "200", 7_800),
    "keep",
    { failures: 12 },
  ],
  [
    "503 with a time: the same",
    synced,
    noList({ status: 503, retryAfter: 2_000 }),
    ask("list", "200", 2_400),
    "keep",
    {},
  ],
  [
    "a server that says a day is asked after five minutes",
    synced,
    noList({ status: 503, retryAfter: 86_400_000 }),
    ask("list", "200", 300_400),
    "keep",
    {},
  ],
  [
    "401 changes nothing that is known",
    synced,
    noList({ status: 401 }),
    ask("list", "200", 400),
    "keep",
    { state: "refused", version: "200" },
  ],
  [
    "403 is polled, soon at first: a server that starts refuses everybody",
    synced,
    noList({ status: 403 }),
    ask("list", "200", 1_000),
    "keep",
    { state: "refused", polls: 1, failures: 0 },
  ],
  [
    "403 in the end is polled each minute",
    { ...synced, polls: 9 },
    noList({ status: 403 }),
    ask("list", "200", 60_000),
    "keep",
    { polls: 10 },
  ],
  [
    "404 is polled, and its objects stay",
    synced,
    noList({ status: 404 }),
    ask("list", "200", 1_000),
    "keep",
    { state: "missing", missingSince: HOUR },
  ],
  [
    "404 for ten minutes: its objects are gone",
    { ...synced, polls: 9, missingSince: HOUR - 600_000 },
    noList({ status: 404 }),
    ask("list", "200", 60_000),
    "empty",
    { state: "missing" },
  ],
  [
    "404 for less: they are not",
    { ...synced, polls: 9, missingSince: HOUR - 599_999 },
    noList({ status: 404 }),
    ask("list", "200", 60_000),
    "keep",
    {},
  ],
  [
    "no answer within those ten minutes: they begin anew",
    { ...synced, missingSince: HOUR - 599_999 },
    noList({}),
    ask("list", "200", 400, 0),
    "keep",
    { missingSince: undefined, polls: 0 },
  ],
  [
    "403 within them as well",
    { ...synced, missingSince: HOUR - 599_999 },
    noList({ status: 403 }),
    ask("list", "200", 1_000),
    "keep",
    { missingSince: undefined },
  ],
  [
    "before the first list what is true now is asked for: what a server has in memory may be old",
    fresh,
    noList({}),
    ask("list", "", 400, 0),
    "keep",
    { state: "unsynced" },
  ],

  [
    "a watch that ends as asked goes on at once, without a list",
    synced,
    ended(400_000),
    ask("watch", "200"),
    "keep",
    { message: "" },
  ],
  [
    "two good minutes make earlier failures good",
    failing(5),
    ended(120_000),
    ask("watch", "200"),
    "keep",
    { failures: 0 },
  ],
  ["less does not", failing(5), ended(119_999), ask("watch", "200"), "keep", { failures: 5 }],
  [
    "a watch that ends within a second and brought nothing backs off",
    synced,
    ended(999),
    ask("watch", "200", 400),
    "keep",
    { failures: 1 },
  ],
  [
    "one that brought something does not",
    synced,
    ended(20, true),
    ask("watch", "200"),
    "keep",
    { failures: 0 },
  ],
  [
    "a silent watch goes on at the same version at once",
    synced,
    silent,
    ask("watch", "200"),
    "keep",
    { failures: 0 },
  ],
  [
    "a cut watch goes on at the same version",
    synced,
    noWatch({}),
    ask("watch", "200", 400, 0),
    "keep",
    { unanswered: 1, state: "synced" },
  ],
  [
    "a cut after two good minutes is a first failure",
    { ...alone, absence: { answers: 7, isAway: false } },
    noWatch({}, 120_000),
    ask("watch", "200", 400, 0),
    "keep",
    { unanswered: 1, failures: 0 },
  ],
  [
    "429 of a watch: the same version, when the server says",
    synced,
    noWatch({ status: 429, retryAfter: 1_000 }),
    ask("watch", "200", 1_400),
    "keep",
    { state: "synced" },
  ],
  [
    "500 of a watch: the same version",
    synced,
    noWatch({ status: 500 }),
    ask("watch", "200", 400, 0),
    "keep",
    {},
  ],
  [
    "401 of a watch: the same version",
    synced,
    noWatch({ status: 401 }),
    ask("watch", "200", 400),
    "keep",
    { state: "refused" },
  ],
  [
    "410 of a watch, as status or event: a list not older than what is known, at once",
    synced,
    noWatch({ status: 410 }),
    ask("list", "200"),
    "keep",
    { isExpired: true, state: "synced" },
  ],
  [
    "410 for what was just listed is not asked in a loop",
    { ...synced, isExpired: true },
    noWatch({ status: 410 }),
    ask("list", "200", 400),
    "keep",
    {},
  ],
  [
    "a version that the server of a watch does not have: an exact list",
    synced,
    noWatch({ status: 504, isAhead: true }),
    ask("list", ""),
    "keep",
    {},
  ],
  [
    "400 of a watch: a list, as client-go does",
    synced,
    noWatch({ status: 400 }),
    ask("list", "200", 400),
    "keep",
    {},
  ],
  [
    "403 of a watch: a list, polled",
    synced,
    noWatch({ status: 403 }),
    ask("list", "200", 1_000),
    "keep",
    { state: "refused" },
  ],
  [
    "404 of a watch: a list, polled",
    synced,
    noWatch({ status: 404 }),
    ask("list", "200", 1_000),
    "keep",
    { state: "missing", missingSince: HOUR },
  ],
];

const after = (chance: number, answer: Answer): number =>
  next(failing(2), answer, { ...given, chance }).ask.after;

describe("what is asked next", () => {
  it.each(rows)("%s", (_, before, answer, expected, store, progress) => {
    const step = next(before, answer, given);
    expect(step.ask).toEqual(expected);
    expect(step.store).toBe(store);
    expect(step.progress).toMatchObject(progress);
  });

  it.each<readonly [string, readonly Partial<Failure>[]]>([
    ["refuses", [{ status: 429, retryAfter: 0 }]],
    ["fails", [{ status: 500 }]],
    ["does not answer", [{}]],
    ["now fails, now does not answer", [{ status: 500 }, {}]],
    ["now refuses, now fails, now does not answer", [{ status: 429, retryAfter: 0 }, { status: 503 }, {}]],
  ])("of a server that always %s: less and less often, at last each half minute", (_, failures) => {
    const waits: number[] = [];
    let progress = synced;
    for (let turn = 0; turn < 30; turn++) {
      const step = next(progress, noList(failures[turn % failures.length] ?? {}), { ...given, chance: 1 });
      ({ progress } = step);
      waits.push(step.ask.after);
    }
    const since = failures.length;
    expect(waits.slice(since).filter((one, turn) => one < (waits[turn] ?? 0))).toEqual([]);
    expect(waits.slice(-3)).toEqual([30_000, 30_000, 30_000]);
  });

  it("first: whatever is in memory, or nothing older than a former run knew", () => {
    expect(firstAsk(begin())).toEqual(ask("list", ""));
    expect(firstAsk(begin("77"))).toEqual(ask("list", "77"));
  });

  it("chance spreads a wait over all of its length, and a poll by a tenth", () => {
    expect([after(0, noList({})), after(1, noList({}))]).toEqual([0, 3_200]);
    expect([after(0, noList({ status: 404 })), after(1, noList({ status: 404 }))]).toEqual([900, 1_100]);
  });
});

describe("while a watch is open", () => {
  it("its opening says that the server is well again", () => {
    expect(opened({ ...synced, state: "refused", message: "401" })).toEqual(synced);
    expect(opened(synced)).toBe(synced);
  });

  it("the version is that of the newest event or bookmark, and never goes back", () => {
    expect(advanced({ ...synced, isExpired: true }, "1000")).toMatchObject({
      version: "1000",
      isExpired: false,
    });
    expect(advanced(synced, "199").version).toBe("200");
  });
});
