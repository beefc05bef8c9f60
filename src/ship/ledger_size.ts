import type { Target } from "./targets/target.ts";

/**
 * How many entries the ledger of a store has at least. Nobody removes one: if there are fewer, the store
 * was restored from an older backup, also while there was nothing to ship or no connection to break.
 */
export class LedgerSize {
  readonly #target: Pick<Target, "ledgerSize">;
  #least: number | undefined;

  /** Asks nothing yet. */
  constructor(target: Pick<Target, "ledgerSize">) {
    this.#target = target;
  }

  /** Begins with what is there. */
  async begin(): Promise<void> {
    this.#least = await this.#target.ledgerSize();
  }

  /** Notes entries that were added. */
  add(entries: number): void {
    if (this.#least !== undefined) this.#least += entries;
  }

  /** Asks the store whether it has fewer now. */
  async isLess(): Promise<boolean> {
    const [least, size] = [this.#least, await this.#target.ledgerSize()];
    this.#least = size;
    return least !== undefined && size !== undefined && size < least;
  }
}
