/** The part of `Temporal` that is used, where the runtime has it. */
interface TemporalGlobal {
  readonly Now: { instant(): { readonly epochNanoseconds: bigint } };
}

/**
 * Reads the wall clock: nanoseconds since 1970-01-01T00:00:00Z. The resolution is 1 ns
 * with `Temporal` (Deno and Bun), and otherwise 1 ms. Needs no permission.
 */
export function wallClock(globals: object): () => bigint {
  const temporal = (globals as { Temporal?: TemporalGlobal }).Temporal;
  if (temporal === undefined) return () => BigInt(Date.now()) * 1_000_000n;
  return () => temporal.Now.instant().epochNanoseconds;
}
