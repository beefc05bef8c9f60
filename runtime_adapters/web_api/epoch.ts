/** The part of `Temporal` that is used, where the runtime has it. */
interface TemporalGlobal {
  readonly Now: { instant(): { readonly epochNanoseconds: bigint } };
}

/**
 * Wall-clock time in nanoseconds since 1970-01-01T00:00:00Z, as fine as the runtime tells without a permission: `Temporal` (ns, on both
 * runtimes), otherwise `Date.now` (ms).
 */
export function wallClock(globals: object): () => bigint {
  const temporal = (globals as { Temporal?: TemporalGlobal }).Temporal;
  if (temporal === undefined) return () => BigInt(Date.now()) * 1_000_000n;
  return () => temporal.Now.instant().epochNanoseconds;
}
