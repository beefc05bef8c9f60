/** What a flush asks of retention. */
export interface Room {
  /**
   * Settles what was written so far; `false` if the next file is to wait for that, which it does for
   * a second at most, and not again until it could be settled. With `mayCount` it may take some
   * ms, where nothing else can be done before the next file.
   */
  settle(mayCount?: boolean): boolean;
}

/** Where no limits are set, there is always room. */
export const NO_LIMITS: Room = { settle: () => true };
