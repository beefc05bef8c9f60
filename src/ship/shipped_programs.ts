import { parseProcessKey, processKey } from "../files/names.ts";
import type { Piece } from "./pieces/piece.ts";
import type { RowOwners } from "./pieces/row_owners.ts";
import type { ShippedProgram, Target } from "./targets/target.ts";

/** The programs whose rows are shipped, and what the store knows of them. */
export class ShippedPrograms {
  readonly #owners: RowOwners;
  /** Those that the store knows, but not their ends. */
  readonly #running = new Set<string>();

  /** `owners` knows their records. */
  constructor(owners: RowOwners) {
    this.#owners = owners;
  }

  /** Those of these pieces that the store is to be told of together with the rows. */
  of(pieces: readonly Piece[]): readonly ShippedProgram[] {
    const programs = new Map<string, ShippedProgram>();
    for (const piece of pieces) {
      for (const program of piece.programs) {
        const key = processKey(program);
        if (!programs.has(key) && !this.#running.has(key)) programs.set(key, this.#owners.describe(program));
      }
    }
    return [...programs.values()];
  }

  /** The store has taken these pieces, and what it was told of their programs. */
  shipped(pieces: readonly Piece[]): void {
    for (const { programs } of pieces) {
      for (const program of programs) if (program.isolate !== "") this.#running.add(processKey(program));
    }
  }

  /**
   * Tells the store how programs have ended since their rows were shipped.
   *
   * @throws {StoreError}
   */
  async describeEnded(target: Target): Promise<void> {
    const programs: ShippedProgram[] = [];
    for (const key of this.#running) {
      const program = this.#owners.describe(parseProcessKey(key));
      if (program.record?.end !== undefined) programs.push(program);
      if (program.record === undefined) this.#running.delete(key); // nothing more will be known of it
    }
    await target.describe(programs);
    for (const program of programs) this.#running.delete(processKey(program));
  }

  /** The store may know nothing: another one answers. */
  forget(): void {
    this.#running.clear();
  }
}
