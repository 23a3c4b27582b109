/**
 * What every tool is to us: the same few functions over its own kind of objects. Pure. One applier, one observer and one
 * remover in kernel/ work with any of them.
 */

/** What is told to one tool: how it is started and what it reads. */
export type Batch = { readonly argv: readonly string[]; readonly input: string };

/** What a tool reads of a batch: each line ended, also the last. */
export function batchText(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

/** The least that turns what is there into what is wanted, and what is in the way of it. */
export type Delta<Wanted> = {
  /** Sentences: what stands in the way, where, whose it looks like. Nothing is done then. */
  readonly conflicts: readonly string[];
  /** Run first, where something must go before its place can be taken. */
  readonly undo: Batch | undefined;
  readonly make: Batch | undefined;
  /** The wanted objects without those that somebody else had made before us: what a removal may touch. */
  readonly ours: readonly Wanted[];
  /** That nothing of it is there: what was refused is not refused because of something of ours. */
  readonly isUntouched: boolean;
};

export type Handler<Wanted, Seen> = {
  /** Refused, as a whole or from some object on, where something is there already. */
  readonly add: (objects: readonly Wanted[]) => Batch;
  /** Of a refused `add`: the objects that it made all the same; undefined where it did not say. */
  readonly madeBefore: (objects: readonly Wanted[], stderr: string) => readonly Wanted[] | undefined;
  readonly remove: (objects: readonly Wanted[]) => Batch;
  /** What `remove` leaves and can go as well if it said nothing. */
  readonly removeIfSilent?: (objects: readonly Wanted[]) => Batch | undefined;
  /** What can be removed only now, by what the first removal said. */
  readonly removeThen?: (objects: readonly Wanted[], stdout: string) => Batch | undefined;
  /** Questions, each with what a good answer looks like: the tools' exit codes do not always tell. */
  readonly look: (objects: readonly Wanted[]) => readonly Question[];
  /** `answers` in the order of the questions; empty where the kernel says that what was asked for is not there. */
  readonly parse: (answers: readonly string[], objects: readonly Wanted[]) => Seen;
  /** A sentence for each object that is missing or not as wanted. */
  readonly drift: (objects: readonly Wanted[], seen: Seen) => readonly string[];
  /** What is no fault of an object but should be known. */
  readonly notes?: (objects: readonly Wanted[], seen: Seen) => readonly Note[];
  /** `made`: objects that are there by our own doing. */
  readonly delta: (objects: readonly Wanted[], seen: Seen, made: readonly Wanted[]) => Delta<Wanted>;
  /** Takes away what is still there of the objects; undefined when nothing is. */
  readonly sweep: (objects: readonly Wanted[], seen: Seen) => Batch | undefined;
  /** Without a record: what is there of `possible`, and of what tools list by names. `isOurs`: of such a name. */
  readonly found: (
    possible: readonly Wanted[],
    answers: readonly string[],
    isOurs: (name: string) => boolean,
  ) => readonly Wanted[];
  /** What a former build's record does not say of an object, told by the one that is planned now in its place. */
  readonly complete?: (recorded: Wanted, planned: Wanted) => Wanted;
  /** The words by which an operator finds the object. */
  readonly describe: (object: Wanted) => string;
  /** What makes it the one that was meant, whatever its values are. */
  readonly key: (object: Wanted) => string;
  /** What others ask of an object without knowing its tool. */
  readonly traits: (object: Wanted) => Traits;
  /** Enough of an object in a record that no function here trips over it. */
  readonly isWhole: (value: unknown) => boolean;
};

export type Note = { readonly level: "info" | "warn"; readonly text: string };

export type Traits = {
  /** The link that it is. It takes along what stands on it, and the kernel takes long to delete it. */
  readonly link?: Link;
  /** The device that it stands on: it goes with that. */
  readonly device?: string;
  /** Others use it as well, so it may have been there before: only a record tells whether we made it. */
  readonly isShared?: boolean;
  /** Its values follow other pods, while everything that is requested stays. */
  readonly isFollowed?: boolean;
  /** Only its place names it, where somebody else may have one of his own: whose it is tells a look, or who made it. */
  readonly isNamedByPlace?: boolean;
};

export type Link = { readonly kind: "ifb"; readonly name: string; readonly alias: string };

export type Question = { readonly batch: Batch; readonly isAnswer: (outcome: Answer) => boolean };
export type Answer = { readonly exitCode: number; readonly stdout: string };

/** The answer of a tool whose exit code tells. */
export function succeeded({ exitCode }: Answer): boolean {
  return exitCode === 0;
}
