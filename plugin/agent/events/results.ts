/** What came of an Event. known: it is there already. limited: the object has had too many. lost: the API did not answer. */
export const results = ["written", "known", "refused", "limited", "lost"] as const;
export type Result = (typeof results)[number];
