/** Names of what a simulated cluster has. */
export const nodeName = (at: number): string => `node-${String(at).padStart(4, "0")}`;
export const namespaceName = (at: number): string => `team-${at}`;
