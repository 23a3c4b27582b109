/** What an agent reports that has no pods; when it was written is the test's. */
export const emptyReport = {
  agent: { version: "1", started: "" },
  observed: {},
  objects: [],
  pods: 0,
  limited: 0,
  pending: 0,
  failed: 0,
  uplink: "",
} as const;
