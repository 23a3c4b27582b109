import { describe, expect, it } from "vitest";
import { verbs, type Verb } from "../../../plugin/cni/call.ts";
import { assertVersionAllows, supportedVersions } from "../../../plugin/cni/versions.ts";
import { ErrorCode } from "../../../plugin/errors.ts";
import { refusal } from "../support/refusal.ts";

/** Which verbs the specification has in each version. */
const spec: Readonly<Record<(typeof supportedVersions)[number], readonly Verb[]>> = {
  "0.3.0": ["ADD", "DEL", "VERSION"],
  "0.3.1": ["ADD", "DEL", "VERSION"],
  "0.4.0": ["ADD", "DEL", "CHECK", "VERSION"],
  "1.0.0": ["ADD", "DEL", "CHECK", "VERSION"],
  "1.1.0": ["ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION"],
};
const table = supportedVersions.flatMap((version) =>
  verbs.map((verb) => ({ version, verb, allowed: spec[version].includes(verb) })),
);

describe("assertVersionAllows", () => {
  it.each(table)("$verb in $version: $allowed", ({ version, verb, allowed }) => {
    if (allowed) return expect(assertVersionAllows(verb, version)).toBe(version);
    const { code, message } = refusal(() => assertVersionAllows(verb, version));
    expect(code).toBe(ErrorCode.incompatibleVersion);
    expect(message).toContain(`config version ${version} does not allow ${verb}`);
  });

  it.each(["0.1.0", "0.2.0", "0.4", "1.0", "1.2.0", "2.0.0", "", " 1.0.0", "v1.0.0"])(
    "%j is not supported: code 1, with what is",
    (version) => {
      const { code, details } = refusal(() => assertVersionAllows("ADD", version));
      expect(code).toBe(ErrorCode.incompatibleVersion);
      expect(details).toBe(
        `config is "${version}", plugin supports ["0.3.0","0.3.1","0.4.0","1.0.0","1.1.0"]`,
      );
    },
  );

  it("a conf without cniVersion means 0.1.0", () => {
    expect(refusal(() => assertVersionAllows("DEL", undefined)).details).toContain('config is "0.1.0"');
  });
});
