import * as fc from "fast-check";

export const v4Text = fc.ipV4();

/** IPv6 in every legal spelling: capitals, leading zeros, any one run of zeros as `::`, or written out. */
export const v6Text = fc
  .tuple(
    fc.array(fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 0xffff })), {
      minLength: 8,
      maxLength: 8,
    }),
    fc.boolean(),
    fc.boolean(),
    fc.nat(7),
    fc.nat(8),
  )
  .map(([groups, capitals, padded, from, length]) => {
    const words = groups.map((group) => group.toString(16).padStart(padded ? 4 : 1, "0"));
    const run = groups.slice(from, from + length);
    const squeezes = run.length > 0 && run.every((group) => group === 0);
    const text = squeezes
      ? `${words.slice(0, from).join(":")}::${words.slice(from + run.length).join(":")}`
      : words.join(":");
    return capitals ? text.toUpperCase() : text;
  });

/** Few different bits, so that random blocks and addresses meet. */
const nearV4 = fc.tuple(fc.constantFrom(10, 192), fc.constantFrom(0, 1, 128), fc.nat(3), fc.nat(7));
const nearV6 = fc.tuple(fc.constantFrom("2001:db8", "fd00"), fc.nat(3), fc.nat(7));

export const nearAddress4 = nearV4.map((octets) => octets.join("."));
export const nearAddress6 = nearV6.map(([head, net, host]) => `${head}:${net}::${host}`);

export const nearCidr4 = fc
  .tuple(nearAddress4, fc.constantFrom(0, 1, 7, 8, 9, 15, 16, 17, 23, 24, 30, 31, 32))
  .map(([address, prefix]) => `${address}/${prefix}`);
export const nearCidr6 = fc
  .tuple(nearAddress6, fc.constantFrom(0, 1, 8, 31, 32, 33, 47, 48, 64, 125, 126, 127, 128))
  .map(([address, prefix]) => `${address}/${prefix}`);
