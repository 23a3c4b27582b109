import { CniError } from "../../../plugin/errors.ts";

/** The error that `attempt` must end in; any other end is a failed test. */
export function refusal(attempt: () => unknown): CniError {
  let outcome: unknown;
  try {
    outcome = attempt();
  } catch (error) {
    if (error instanceof CniError) return error;
    throw error;
  }
  throw new Error(`expected a refusal, got ${JSON.stringify(outcome)}`);
}

/** The same for what takes its time. */
export async function asyncRefusal(attempt: () => Promise<unknown>): Promise<CniError> {
  try {
    await attempt();
  } catch (error) {
    if (error instanceof CniError) return error;
    throw error;
  }
  throw new Error("expected a refusal");
}
