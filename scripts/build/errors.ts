/** Why no executable was made, in words for the person who asked for one. */
export class BuildError extends Error {
  override readonly name = "BuildError";
}

export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${messageOf(error.cause)}`;
}
