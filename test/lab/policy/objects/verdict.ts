/** What the plugin says of one object, as it would of a file of a policy directory. */
import { CniError } from "../../../../plugin/errors.ts";
import { compile } from "../../../../plugin/policy/manifests/compile.ts";

/** Why it does not take it; undefined where it does. An EgressQoS that it does not use is not taken. */
export function refusalOf(object: unknown): string | undefined {
  try {
    const { namespaces } = compile([{ name: "object", documents: [{ value: object }] }]);
    return [...namespaces.values()].flatMap(({ faults, warnings }) => [...faults, ...warnings])[0];
  } catch (error) {
    if (error instanceof CniError) return error.message;
    throw error;
  }
}
