/** The demo's third act: what it takes for kept, and what not. */
import { expect, it } from "vitest";
import { EDITS_AFTER, type LiveRun } from "../../scripts/show/live-act.ts";
import type { LiveSample } from "../../scripts/show/live-lines.ts";
import { liveFaults } from "../../scripts/show/verdict.ts";

const none = { none: 0, EF: 0, AF11: 0, other: 0 };
const second = (marks: Partial<LiveSample["marks"]>, cap = 50, toPod = cap): LiveSample => ({
  marks: { ...none, ...marks },
  toPod,
  cap,
});
const plain = second({ none: 1000 });
const first = second({ EF: 1000 });
const flipped = second({ AF11: 1000 });
const lower = second({ AF11: 1000 }, 20);

/** Edits after the seconds 2, 5 and 8. */
const good: LiveRun = {
  sent: 12_000,
  lost: 0,
  samples: [
    plain,
    plain,
    second({ none: 80, EF: 920 }),
    first,
    first,
    second({ EF: 80, AF11: 920 }),
    flipped,
    flipped,
    second({ AF11: 1000 }, 20, 23),
    lower,
    lower,
    lower,
  ],
};
const withSecond = (at: number, sample: LiveSample): LiveRun => ({
  ...good,
  samples: good.samples.with(at - 1, sample),
});

it.each<readonly [string, LiveRun, readonly string[]]>([
  ["each edit within its second", good, []],
  ["a packet lost", { ...good, lost: 1 }, ["1 of 12000 packets were lost"]],
  ["a mark of none of the edits", withSecond(3, second({ EF: 999, other: 1 })), ["packets had a mark"]],
  ["an EgressQoS that comes late", withSecond(4, second({ none: 10, EF: 990 })), ["the EgressQoS did not"]],
  ["a second without any packet", withSecond(5, second({})), ["the EgressQoS did not"]],
  ["a flip that comes late", withSecond(7, second({ EF: 10, AF11: 990 })), ["the second edit did not"]],
  ["a cap that is exceeded", withSecond(11, second({ AF11: 1000 }, 20, 23)), ["the new cap did not hold"]],
])("%s", (_, run, faults) => {
  expect(liveFaults(run, EDITS_AFTER)).toEqual(faults.map((each) => expect.stringContaining(each)));
});
