/** Whether conditions together leave no packet out. Pure. */

/** Bits of a packet by their place, and what each must be; none is any packet. */
export type Bits = ReadonlyMap<string, boolean>;

/** Each condition takes a 2^-n-th of all packets: too few of them cannot take all, and are not tried out. */
export function coversAll(conditions: readonly Bits[]): boolean {
  if (conditions.some(({ size }) => size === 0)) return true;
  const share = conditions.reduce((sum, { size }) => sum + 2 ** -size, 0);
  const [place] = conditions[0]?.keys() ?? [];
  if (share < 1 || place === undefined) return false;
  return [false, true].every((value) => coversAll(conditions.flatMap((bits) => given(bits, place, value))));
}

/** What is left of a condition for packets with this bit. */
function given(bits: Bits, place: string, value: boolean): readonly Bits[] {
  const wanted = bits.get(place);
  if (wanted === undefined) return [bits];
  return wanted === value ? [new Map([...bits].filter(([other]) => other !== place))] : [];
}
