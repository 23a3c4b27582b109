/**
 * Works that end together: where one fails the others are asked to end, and have ended when the first failure is thrown. What comes
 * behind it, such as leaving a lock to the next process, finds nobody at work.
 */
export async function together(works: readonly Promise<void>[], end: () => void): Promise<void> {
  for (const work of works) work.catch(end);
  const outcomes = await Promise.allSettled(works);
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}
