/** 000-4 The Helm chart's texts, without Helm. */
import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { chartFiles } from "../../../scripts/release/chart-files.ts";

type Definition = { readonly metadata: { readonly annotations?: Readonly<Record<string, string>> } };

test("helm uninstall leaves the definitions, which would take every object with them", async () => {
  const chart = await chartFiles("1.2.3");
  const texts = ["crds.yaml", "crd-qosnode.yaml"].map((name) => chart.get(`templates/${name}`) ?? "");
  const definitions = texts
    .flatMap((text) => parseAllDocuments(text.replaceAll(/^\{\{.*\}\}$/gm, "")))
    .map((document) => document.toJS() as Definition | null)
    .filter((object) => object !== null);
  expect(definitions.map(({ metadata }) => metadata.annotations)).toEqual(
    Array.from({ length: 3 }, () => ({ "helm.sh/resource-policy": "keep" })),
  );
  const all = [...chart.values()].join("\n");
  expect(all.match(/helm\.sh\/resource-policy/g)).toHaveLength(definitions.length);
});
