/** Decodes what the controller reads of the API's objects. Pure. */
import * as z from "zod/mini";

export type Head = {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly version: string;
  /** It is being deleted. */
  readonly isLeaving: boolean;
};

/** undefined for what is no object of a namespace. */
export function decodeHead(item: unknown): Head | undefined {
  const read = object.safeParse(item);
  if (!read.success) return undefined;
  const { namespace, name, uid, generation, resourceVersion, deletionTimestamp } = read.data.metadata;
  return {
    namespace,
    name,
    uid,
    generation,
    version: resourceVersion,
    isLeaving: deletionTimestamp !== undefined,
  };
}

const object = z.object({
  metadata: z.object({
    namespace: z.string(),
    name: z.string(),
    uid: z.string(),
    generation: z.int(),
    resourceVersion: z.string(),
    deletionTimestamp: z.optional(z.string()),
  }),
});

export type DecodedStatus = z.infer<typeof statusForm>;

/** undefined where it has none. */
export function decodeStatus(item: unknown): DecodedStatus | undefined {
  return z.object({ status: statusForm }).safeParse(item).data?.status;
}

const statusForm = z.object({
  status: z.optional(z.string()),
  conditions: z.optional(
    z.array(
      z.object({
        type: z.string(),
        status: z.enum(["True", "False", "Unknown"]),
        reason: z.string(),
        message: z.string(),
        lastTransitionTime: z.string(),
        observedGeneration: z.optional(z.int()),
      }),
    ),
  ),
});
