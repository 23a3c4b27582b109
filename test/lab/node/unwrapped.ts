/** A page for people, each of its broken lines in one again. */
export function unwrapped(page: string): string {
  return page.replaceAll(/(?<=\S)\n {4,}(?=\S)/g, " ");
}
