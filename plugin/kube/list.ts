/** A complete list of a resource: one answer, or page after page. */
import { messageOf } from "../errors.ts";
import type { Connection } from "./connect.ts";
import { decodePage, type Item, type Page } from "./decode.ts";
import { NoAnswerError, ServerError } from "./errors.ts";
import { acceptOf, listQuery, pathOf, type Query, type Resource, wholeListQuery } from "./resource.ts";

export type Listed = { readonly items: readonly Item[]; readonly version: string };

export async function list(
  connection: Connection,
  resource: Resource,
  at: string,
  signal: AbortSignal,
): Promise<Listed> {
  const path = pathOf(resource);
  const accept = acceptOf(resource, "list");
  const ask = async (query: Query): Promise<Page> =>
    pageOf(await connection.get({ path, query, accept, signal }), path);
  const first = await ask(listQuery(resource, at));
  if (first.next === "") return first;
  try {
    return { items: [...first.items, ...(await rest(first.next))], version: first.version };
  } catch (error) {
    // The server has forgotten the version of the first page: then all in one piece, as client-go does.
    if (error instanceof ServerError && error.status === 410) return await ask(wholeListQuery(resource));
    throw error;
  }

  /** All pages are of the first one's version. */
  async function rest(from: string): Promise<readonly Item[]> {
    const items: Item[] = [];
    for (let next = from; next !== "";) {
      const page = await ask(listQuery(resource, at, next));
      items.push(...page.items);
      ({ next } = page);
    }
    return items;
  }
}

function pageOf(body: unknown, path: string): Page {
  try {
    return decodePage(body);
  } catch (error) {
    throw new NoAnswerError(`GET ${path}`, `the answer is no list: ${messageOf(error)}`, error);
  }
}
