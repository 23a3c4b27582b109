/** Resource versions are whole decimal numbers that grow; Kubernetes promises so since 1.35 and did so before. Pure. */
export function isOlder(version: string, than: string): boolean {
  return version.length === than.length ? version < than : version.length < than.length;
}

export function isNewer(version: string, than: string): boolean {
  return isOlder(than, version);
}
