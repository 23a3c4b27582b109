/** What a release says of its parts. */
import { expect, it } from "vitest";
import { sbomOf } from "../../../scripts/release/sbom.ts";

const facts = {
  version: "1.2.3",
  nodeVersion: "24.0.0",
  bundled: [{ name: "@kubernetes/client-node", version: "2.0.1", license: "Apache-2.0" }],
  debian: { arm64: [{ name: "libstdc++6", version: "12.2.0-14+deb12u1" }] },
};

it("names pod-qos, Node, what is bundled and what is in the image, by package URLs", () => {
  const document = JSON.parse(sbomOf(facts));
  expect(document).toMatchObject({
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    metadata: { component: { name: "pod-qos", version: "1.2.3" } },
  });
  expect(document.components.map(({ purl }: { readonly purl: string }) => purl)).toEqual([
    "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=arm64",
    "pkg:generic/node@24.0.0",
    "pkg:npm/%40kubernetes/client-node@2.0.1",
  ]);
});

it("is the same twice", () => {
  expect(sbomOf(facts)).toBe(sbomOf(facts));
});
