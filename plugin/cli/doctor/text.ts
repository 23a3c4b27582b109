/** What doctor prints. Pure. */
import { categories, categoryOf, type Finding } from "./check.ts";
import type { Diagnosis } from "./checks.ts";

const signs: Readonly<Record<Finding["grade"], string>> = { warning: "‼", error: "×", unseen: "×" };

export function textOf(diagnoses: readonly Diagnosis[]): string {
  const parts = categories.map((category) => {
    const lines = diagnoses.filter(({ check }) => categoryOf(check) === category).map(linesOf);
    return [category, "-".repeat(category.length), ...lines].join("\n");
  });
  return [...parts, summary(diagnoses)].join("\n\n");
}

function linesOf({ check: { id, wants }, finding }: Diagnosis): string {
  if (finding === undefined) return `√ ${wants}`;
  const { grade, says, mend } = finding;
  return [
    `${signs[grade]} ${wants}`,
    `    ${says}`,
    // A command may have several lines: it is to be copied, so its own text is not indented.
    ...(mend === undefined ? [] : [`    mend: ${mend}`]),
    `    see docs/doctor.md#${id}`,
  ].join("\n");
}

function summary(diagnoses: readonly Diagnosis[]): string {
  const count = (...grades: readonly unknown[]): number =>
    diagnoses.filter(({ finding }) => grades.includes(finding?.grade)).length;
  return `${diagnoses.length} checks: ${count(undefined)} √, ${count("warning")} ‼, ${count("error", "unseen")} ×`;
}

/** In the words of `linkerd check -o json`, with an id and a mend for each. */
export function jsonOf(diagnoses: readonly Diagnosis[]): string {
  const document = {
    success: diagnoses.every(({ finding }) => finding === undefined),
    categories: categories.map((categoryName) => ({
      categoryName,
      checks: diagnoses.filter(({ check }) => categoryOf(check) === categoryName).map(entryOf),
    })),
  };
  return JSON.stringify(document, null, 2);
}

function entryOf({ check: { id, wants }, finding }: Diagnosis): object {
  const common = { id, description: wants, hint: `docs/doctor.md#${id}` };
  if (finding === undefined) return { ...common, result: "success" };
  const { grade, says, mend } = finding;
  return { ...common, result: grade, error: says, ...(mend !== undefined && { mend }) };
}
