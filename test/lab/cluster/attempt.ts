import { ApiError } from "../../../scripts/lab/cluster/api.ts";

/** Done, or no longer to be done since the object is gone or another, or to be tried again since the API server is away. */
export const attempt = async (request: () => Promise<unknown>): Promise<"done" | "gone" | "away"> => {
  try {
    await request();
    return "done";
  } catch (error) {
    if (!(error instanceof ApiError)) return "away";
    if (error.status === 404 || error.status === 409) return "gone";
    if (error.status === 429 || error.status >= 500) return "away";
    throw error;
  }
};
