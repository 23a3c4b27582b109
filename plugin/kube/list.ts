/** A complete list of a resource: one answer, or page after page. */
import { messageOf } from "../errors.ts";
import type { Connection } from "./connect.ts";
import { decodePage, type Known } from "./decode.ts";
import { NoAnswerError } from "./errors.ts";
import { listQuery, pathOf, type Resource } from "./resource.ts";

export type Listed = { readonly items: readonly Known[]; readonly version: string };

export async function list(
  connection: Connection,
  resource: Resource,
  at: string,
  signal: AbortSignal,
): Promise<Listed> {
  const items: Known[] = [];
  const path = pathOf(resource);
  let next = "";
  do {
    const query = listQuery(resource, at, next);
    const body = await connection.request({ method: "GET", path, query, signal });
    const page = pageOf(body, path);
    items.push(...page.items);
    next = page.next;
    // All pages are of the first one's version.
    if (next === "") return { items, version: page.version };
  } while (!signal.aborted);
  throw signal.reason;
}

function pageOf(body: unknown, path: string): ReturnType<typeof decodePage> {
  try {
    return decodePage(body);
  } catch (error) {
    throw new NoAnswerError(`GET ${path}`, `the answer is no list: ${messageOf(error)}`, error);
  }
}
