/** One thing that somebody may do to one object of a plan. */
export interface Alteration {
  readonly title: string;
  /** Of the object. */
  readonly kind: string;
  readonly place: "node" | "pod";
  /** Shell lines in that place's namespace. */
  readonly script: string;
  /** Words of CHECK's message that name the object. */
  readonly names: readonly string[];
  /** Shell lines that clear the way for ADD, where what was done is not for ADD to undo. */
  readonly clear?: string;
}

/** One way to alter an object, wherever it is. */
export type Found = Omit<Alteration, "place" | "kind">;
