/**
 * Lengths of time as people write them, such as `500ms` or `1.5h`. (The one parser among the
 * formats: the command line and the analysis share it.)
 *
 * @module
 */

/** Nanoseconds of each unit that one may write. */
const NANOSECONDS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
};

/** The units as text, for help and error messages. */
export const TIME_UNITS = "ns, us, ms, s, m, h, d";

const LENGTH = new RegExp(`^(\\d{1,19})(?:\\.(\\d{1,9}))? ?(${Object.keys(NANOSECONDS).join("|")})$`);

/**
 * Parses a length of time: a decimal number without sign and a unit, such as `500ms`, `1.5h` or `3
 * s`. Returns nanoseconds, rounded down; `undefined` if the text is no length of time.
 */
export function parseTimeLength(text: string): bigint | undefined {
  const [, whole, fraction = "", unit = ""] = LENGTH.exec(text) ?? [];
  const size = NANOSECONDS[unit];
  if (whole === undefined || size === undefined) return undefined;
  return BigInt(whole) * size + BigInt(fraction.padEnd(9, "0")) * size / 1_000_000_000n;
}
