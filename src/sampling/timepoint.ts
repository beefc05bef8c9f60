/**
 * A point in time: ns since 1970-01-01T00:00:00Z, or what has the shape of a `Date` or of a
 * `Temporal.Instant`.
 */
export type Timepoint = bigint | { getTime(): number } | { readonly epochNanoseconds: bigint };

/** How an observation is recorded. */
export interface ObserveOptions {
  /**
   * When it was measured, in the past or the future, from 1970 to 2262.
   *
   * @default now
   */
  readonly at?: Timepoint | undefined;
}

/** The first and the last timepoint that can be recorded, ns since 1970. */
const FIRST = 1_000n;
const LAST = 9_223_372_036_000_000_000n;

const NANOSECONDS_PER_MS = 1_000_000n;

/**
 * The timepoint that options ask for, ns since 1970; `"now"` if they ask for none, `undefined` if
 * they are not valid. Never throws.
 */
export function timepointOf(options: unknown): bigint | "now" | undefined {
  if (options === undefined) return "now";
  if (typeof options !== "object" || options === null) return undefined;
  try {
    const { at } = options as { readonly at?: unknown };
    if (at === undefined) return "now";
    const timepoint = nanosecondsOf(at);
    return timepoint !== undefined && timepoint >= FIRST && timepoint <= LAST ? timepoint : undefined;
  } catch {
    return undefined; // a getter may throw, and a date be invalid
  }
}

function nanosecondsOf(at: unknown): bigint | undefined {
  if (typeof at === "bigint") return at;
  const { epochNanoseconds, getTime } = at as { readonly epochNanoseconds?: unknown; readonly getTime?: unknown };
  if (typeof epochNanoseconds === "bigint") return epochNanoseconds;
  return typeof getTime === "function" ? BigInt(getTime.call(at)) * NANOSECONDS_PER_MS : undefined;
}
