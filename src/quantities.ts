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
  k: 1_000n,
  kB: 1_000n,
  M: 1_000_000n,
  MB: 1_000_000n,
  G: 1_000_000_000n,
  GB: 1_000_000_000n,
  T: 1_000_000_000_000n,
  TB: 1_000_000_000_000n,
  Ki: 1_024n,
  KiB: 1_024n,
  Mi: 1_048_576n,
  MiB: 1_048_576n,
  Gi: 1_073_741_824n,
  GiB: 1_073_741_824n,
  Ti: 1_099_511_627_776n,
  TiB: 1_099_511_627_776n,
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
