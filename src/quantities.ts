/**
 * Lengths of time and sizes as people write them, such as `500ms`, `1.5h` or `64MiB`: on the command
 * line, in the environment and in arguments of the analysis.
 *
 * @module
 */

/** Nanoseconds of each unit of time that one may write. */
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

/** The units of time as text, for help and error messages. */
export const TIME_UNITS = "ns, us, ms, s, m, h, d";

const LENGTH = numberWithUnit(Object.keys(NANOSECONDS));

/**
 * Parses a length of time: a decimal number without sign and a unit, such as `500ms`, `1.5h` or `3
 * s`. Returns nanoseconds, rounded down; `undefined` if the text is no length of time.
 */
export function parseTimeLength(text: string): bigint | undefined {
  return parse(text, LENGTH, NANOSECONDS);
}

/** The same in whole milliseconds, rounded down. */
export function parseMilliseconds(text: string): number | undefined {
  const length = parseTimeLength(text);
  return length === undefined ? undefined : Number(length / NANOSECONDS.ms!);
}

/**
 * Bytes of each unit of size that one may write: those of IEC and SI, and the short ones of
 * Kubernetes.
 */
const BYTES: Readonly<Record<string, bigint>> = {
  B: 1n,
  k: 10n ** 3n,
  kB: 10n ** 3n,
  M: 10n ** 6n,
  MB: 10n ** 6n,
  G: 10n ** 9n,
  GB: 10n ** 9n,
  T: 10n ** 12n,
  TB: 10n ** 12n,
  Ki: 2n ** 10n,
  KiB: 2n ** 10n,
  Mi: 2n ** 20n,
  MiB: 2n ** 20n,
  Gi: 2n ** 30n,
  GiB: 2n ** 30n,
  Ti: 2n ** 40n,
  TiB: 2n ** 40n,
};

/** The units of size as text, for help and error messages. */
export const BYTE_UNITS = "B, kB, MB, GB, TB, KiB, MiB, GiB, TiB; Ki, Mi, Gi, Ti";

const SIZE = numberWithUnit(Object.keys(BYTES));

/**
 * Parses a size: a decimal number without sign and a unit, such as `64MiB`, `1.5 GB` or `512Mi`, or a
 * whole number of bytes. Returns bytes, rounded down; `undefined` if the text is no size.
 */
export function parseBytes(text: string): number | undefined {
  const bytes = parse(/^\d+$/.test(text) ? `${text}B` : text, SIZE, BYTES);
  return bytes === undefined ? undefined : Number(bytes);
}

function numberWithUnit(units: readonly string[]): RegExp {
  return new RegExp(`^(\\d{1,19})(?:\\.(\\d{1,9}))? ?(${units.join("|")})$`);
}

function parse(text: string, form: RegExp, units: Readonly<Record<string, bigint>>): bigint | undefined {
  const [, whole, fraction = "", unit = ""] = form.exec(text) ?? [];
  const size = units[unit];
  if (whole === undefined || size === undefined) return undefined;
  return BigInt(whole) * size + BigInt(fraction.padEnd(9, "0")) * size / 1_000_000_000n;
}
