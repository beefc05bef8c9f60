/** The part of `Temporal` that is used, where the runtime has it. */
interface TemporalGlobal {
  readonly Now: { timeZoneId(): string };
}

/** The IANA time zone of the program; `undefined` if it is not known. Needs no permission. */
export function timeZone(): string | undefined {
  const { Temporal } = globalThis as { Temporal?: TemporalGlobal };
  // `Intl` takes 1 ms and more to load.
  return Temporal === undefined ? Intl.DateTimeFormat().resolvedOptions().timeZone : Temporal.Now.timeZoneId();
}
