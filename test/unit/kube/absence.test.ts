/** From which failures a request that is made again and again takes it that the server is away, and from what that it is back. */
import { expect, it } from "vitest";
import { type Absence, afterFailure, type Outcome, present } from "../../../plugin/kube/absence.ts";

const lost = {};
const refused = { status: 429, retryAfter: 1_000 };

const rows: readonly (readonly [string, Absence, number, Outcome, isAway: boolean, isBack: boolean])[] = [
  ["a first failure without an answer: it may be", present, 3, lost, true, false],
  ["a first failure of the server: it may be", present, 3, { status: 503 }, true, false],
  ["a first refusal: it is not", present, 3, { status: 403 }, false, false],
  ["one with a time: it is not", present, 3, { status: 503, retryAfter: 1_000 }, false, false],
  [
    "a second failure, nobody answered between: it is away",
    { answers: 3, isAway: false },
    3,
    refused,
    true,
    false,
  ],
  ["it stays away", { answers: 3, isAway: true }, 3, lost, true, false],
  ["somebody was answered: it is back", { answers: 3, isAway: true }, 4, lost, false, true],
  ["it was back before: this alone fails", { answers: 4, isAway: false }, 9, lost, false, false],
];

it.each(rows)("%s", (_, before, answers, failure, isAway, isBack) => {
  expect(afterFailure(before, answers, failure)).toEqual({ absence: { answers, isAway }, isBack });
});
