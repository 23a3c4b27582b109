/** The hops of a default route with several: /proc/net/route lists the first alone, so a tool is asked. */
import { isObject } from "../../cni/fields.ts";
import { run } from "../exec.ts";

/** The other devices of a default route that this one is a hop of. Where it cannot be read, nothing is known of others. */
export async function otherHops(device: string): Promise<readonly string[]> {
  const answers = await Promise.all(
    ["-4", "-6"].map((family) => run(["ip", "-j", family, "route", "show", "default"], "")),
  );
  const hops = answers.flatMap(({ stdout }) => routesIn(stdout)).map(devicesOf);
  const beside = hops.filter((devices) => devices.includes(device)).flat();
  return [...new Set(beside)].filter((name) => name !== device);
}

function routesIn(json: string): readonly unknown[] {
  try {
    const routes: unknown = JSON.parse(json);
    return Array.isArray(routes) ? routes : [];
  } catch {
    return [];
  }
}

function devicesOf(route: unknown): readonly string[] {
  const hops = isObject(route) ? route["nexthops"] : undefined;
  if (!Array.isArray(hops)) return [];
  return hops.filter(isObject).flatMap(({ dev }) => (typeof dev === "string" ? [dev] : []));
}
