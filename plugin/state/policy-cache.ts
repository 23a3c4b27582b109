/**
 * Reads a compiled policy directory, of which an ADD needs what is about its pod's namespace. One that is torn, of another
 * format, or made from other files counts for nothing.
 */
import { closeSync, fstatSync, openSync } from "node:fs";
import type { NamespacePolicies, Surroundings } from "../policy/manifests/manifest.ts";
import type { PolicySource } from "../policy/manifests/source.ts";
import type { Rule } from "../policy/rule/rule.ts";
import { fileBytes, openChunks, Torn, type Chunks } from "./chunks.ts";
import { cacheKind, type CachedQos, type Header } from "./policy-cache-file.ts";

export type CachedPolicies = PolicySource & Pick<Header, "selectsNetworks">;

/** What `read` makes of the cache; undefined when there is none for these files, or it turns out to be torn. */
export function withCache<Value>(
  path: string,
  key: string,
  read: (cache: CachedPolicies) => Value,
): Value | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const chunks = open(file, Buffer.from(key));
    return chunks === undefined ? undefined : read(sourceIn(chunks));
  } catch (error) {
    if (error instanceof Torn || isIoError(error)) return undefined;
    throw error;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function open(file: number, key: Buffer): Chunks<Header> | undefined {
  return openChunks<Header>(cacheKind, key, fstatSync(file).size, fileBytes(file));
}

function sourceIn({ header, chunk }: Chunks<Header>): CachedPolicies {
  return {
    selectsNetworks: header.selectsNetworks,
    policies: (namespace) => {
      const span = Object.hasOwn(header.namespaces, namespace) ? header.namespaces[namespace] : undefined;
      if (span === undefined) return undefined;
      const policies = chunk<NamespacePolicies<CachedQos>>(span);
      const networkQos = policies.networkQos.map(({ rulesAt, ...head }) => ({
        ...head,
        readRules: () => chunk<readonly Rule[]>(rulesAt),
      }));
      return { ...policies, networkQos };
    },
    surroundings: () => chunk<Surroundings>(header.surroundings),
  };
}

function isIoError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}
