/** A complete list of a resource: one answer, or page after page. */
import { messageOf } from "../errors.ts";
import type { Connection } from "./connect.ts";
import { decodeItem, decodePage, type Item, type Page } from "./decode.ts";
import { NoAnswerError, ServerError } from "./errors.ts";
import { acceptOf, listQuery, pathOf, type Query, type Resource, wholeListQuery } from "./resource.ts";

export type Listed = { readonly items: readonly Item[]; readonly version: string };

export type Listing = {
  readonly connection: Connection;
  readonly resource: Resource;
  readonly at: string;
  readonly signal: AbortSignal;
  /** What is kept of an item: the rest of it is dropped before the next one is read. */
  readonly trim: (item: Item) => Item;
};

export async function list(listing: Listing): Promise<Listed> {
  const { resource, at } = listing;
  const items: Item[] = [];
  const first = await page(listing, listQuery(resource, at), items);
  try {
    // All pages are of the first one's version.
    for (let { next } = first; next !== "";)
      ({ next } = await page(listing, listQuery(resource, at, next), items));
    return { items, version: first.version };
  } catch (error) {
    // The server has forgotten the version of the first page: then all in one piece, as client-go does.
    if (!(error instanceof ServerError) || error.status !== 410) throw error;
    const whole: Item[] = [];
    const { version } = await page(listing, wholeListQuery(resource), whole);
    return { items: whole, version };
  }
}

async function page(
  { connection, resource, signal, trim }: Listing,
  query: Query,
  into: Item[],
): Promise<Omit<Page, "items">> {
  const path = pathOf(resource);
  const accept = acceptOf(resource, "list");
  const around = await connection.list({ path, query, accept, signal }, (item) =>
    into.push(trim(decodeItem(item))),
  );
  return headOf(around, path);
}

function headOf(body: unknown, path: string): Omit<Page, "items"> {
  try {
    return decodePage(body);
  } catch (error) {
    throw new NoAnswerError(`GET ${path}`, `the answer is no list: ${messageOf(error)}`, error);
  }
}
