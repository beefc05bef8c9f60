import type { Memory } from "../../runtime.ts";

/** Bytes of garbage after which it is collected, unless the runtime says another number. */
const MOST_BYTES = 12 * 2 ** 20;

/**
 * Bytes of garbage that come of a file, by what is done with it, as the sampling profiler of V8 has
 * them.
 */
export const GARBAGE = { found: 3_000, dated: 2_000, shipped: 15_000 } as const;

/**
 * What the handling of files leaves in memory. A runtime lets it grow with the time, and with 100,000
 * files to some 150 MB, though none of it is needed; so it is collected now and then. Large files leave
 * next to nothing.
 */
export class Garbage {
  readonly #collect: Memory["collect"];
  readonly #mostBytes: number;
  #bytes = 0;

  /** Where the runtime cannot be told, nothing is collected. */
  constructor({ collect, collectAfter = MOST_BYTES }: Pick<Memory, "collect" | "collectAfter">) {
    this.#collect = collect;
    this.#mostBytes = collectAfter;
  }

  /** Something was done with so many files. */
  add(bytes: number, files = 1): void {
    this.#bytes += bytes * files;
    if (this.#bytes < this.#mostBytes) return;
    this.#bytes = 0;
    this.#collect?.();
  }
}
