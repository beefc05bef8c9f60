/** The globals that are used; not every runtime has `Temporal`. */
interface ClockGlobals {
  readonly Temporal?: undefined | { readonly Now: { instant(): { readonly epochNanoseconds: bigint } } };
  readonly Date: { now(): number };
  /** Absent where only ECMAScript is. */
  readonly performance?: undefined | { readonly timeOrigin: number; now(): number };
}

const MICROSECONDS_PER_MS = 1000;

/**
 * {@linkcode wallClock} of the globals as they are when this module is evaluated: a test of the
 * application may replace them.
 */
export const runtimeEpoch: () => bigint = wallClock({
  Temporal: (globalThis as Partial<Pick<ClockGlobals, "Temporal">>).Temporal,
  Date,
  performance: readableClock(globalThis),
});

/** `performance` as it is now; the methods of its object may be replaced. */
function readableClock({ performance }: Partial<ClockGlobals>): ClockGlobals["performance"] {
  return performance && { timeOrigin: performance.timeOrigin, now: performance.now.bind(performance) };
}

/**
 * Reads the wall clock: nanoseconds since 1970-01-01T00:00:00Z. The resolution is 1 ns with
 * `Temporal`, and otherwise 1 µs. Needs no permission.
 */
export function wallClock({ Temporal, Date, performance }: ClockGlobals): () => bigint {
  if (Temporal !== undefined) return () => Temporal.Now.instant().epochNanoseconds;
  if (performance === undefined) return () => BigInt(Date.now()) * 1_000_000n;
  // `Date.now` tells the millisecond, also after the clock was set, and `performance.now` the
  // microsecond in it.
  let offset = Math.round(performance.timeOrigin * MICROSECONDS_PER_MS);
  return () => {
    const start = Date.now() * MICROSECONDS_PER_MS;
    const now = Math.floor(performance.now() * MICROSECONDS_PER_MS);
    const time = Math.min(Math.max(start, now + offset), start + MICROSECONDS_PER_MS - 1);
    offset = time - now;
    return BigInt(time) * 1000n;
  };
}
