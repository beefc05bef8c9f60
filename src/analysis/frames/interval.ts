import { KymoError, quote } from "../../errors.ts";

/** Nanoseconds of each unit of time that one may write. */
export const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
};

/** The longest interval: what a BIGINT holds, 292 years. */
const LONGEST = 2n ** 63n - 1n;

/** An interval, such as `"1s"`, `"500ms"` or a number of nanoseconds, in nanoseconds. */
export function toNanoseconds(interval: string | bigint): bigint {
  const nanoseconds = typeof interval === "bigint" ? interval : parse(String(interval));
  if (nanoseconds < 1n || nanoseconds > LONGEST) {
    throw new KymoError(
      "invalid-argument",
      `Cannot resample: not an interval such as "1s", "500ms" or 1000000n: ${quote(interval)}`,
    );
  }
  return nanoseconds;
}

/** 0 if it is none. */
function parse(text: string): bigint {
  const [, count = "0", unit = "ns"] = /^([0-9]+) ?(ns|us|µs|ms|s|m|h|d)$/.exec(text) ?? [];
  return BigInt(count) * UNITS[unit]!;
}
