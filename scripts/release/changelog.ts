/** CHANGELOG.md at a release: what was unreleased is the version's, and a new section begins. Pure. */

/** The same text where this version has its section already. */
export function turnedOver(changelog: string, version: string): string {
  const unreleased = sectionOf(changelog, "Unreleased");
  if (sectionOf(changelog, version) !== undefined) {
    if (unreleased === undefined || unreleased === "") return changelog;
    throw new Error(
      `CHANGELOG.md has a section ${version} and one "Unreleased" with something in it: raise the version in package.json`,
    );
  }
  if (unreleased === undefined || unreleased === "") {
    throw new Error(`CHANGELOG.md has neither a section ${version} nor anything in "Unreleased"`);
  }
  return changelog.replace(/^## Unreleased$/m, `## Unreleased\n\n## ${version}`);
}

/** Without its heading; undefined where there is none. */
export function sectionOf(changelog: string, title: string): string | undefined {
  const lines = changelog.split("\n");
  const start = lines.indexOf(`## ${title}`);
  if (start === -1) return undefined;
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => line.startsWith("## "));
  return (end === -1 ? rest : rest.slice(0, end)).join("\n").trim();
}
