/** What a release consists of, as CycloneDX. No serial number and no time: the same input gives the same bytes. Pure. */
import { DEBIAN_ARCH } from "../build/debian.ts";
import type { Arch } from "../build/project.ts";
import type { DebianPackage } from "../image/tools.ts";

export type NodePackage = { readonly name: string; readonly version: string; readonly license: string };

export type SbomFacts = {
  readonly version: string;
  readonly nodeVersion: string;
  /** In the executable. */
  readonly bundled: readonly NodePackage[];
  /** In the image beside it. */
  readonly debian: Readonly<Partial<Record<Arch, readonly DebianPackage[]>>>;
};

export function sbomOf({ version, nodeVersion, bundled, debian }: SbomFacts): string {
  const npm = bundled.map(({ name, version: its, license }) => ({
    type: "library",
    name,
    version: its,
    purl: `pkg:npm/${name.replace("@", "%40")}@${its}`,
    licenses: [{ expression: license }],
  }));
  const node = {
    type: "application",
    name: "node",
    version: nodeVersion,
    purl: `pkg:generic/node@${nodeVersion}`,
    licenses: [{ license: { name: "Node.js and what it contains: THIRD_PARTY_NOTICES" } }],
  };
  const packages = Object.entries(debian).flatMap(([arch, list]) =>
    list.map(({ name, version: its }) => ({
      type: "library",
      name,
      version: its,
      purl: `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(its)}?arch=${DEBIAN_ARCH[arch as Arch]}`,
    })),
  );
  const components = [node, ...npm, ...packages].toSorted((one, other) => (one.purl < other.purl ? -1 : 1));
  const document = {
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: {
      component: {
        type: "application",
        name: "pod-qos",
        version,
        purl: `pkg:generic/pod-qos@${version}`,
        licenses: [{ license: { id: "Apache-2.0" } }],
      },
    },
    components,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
