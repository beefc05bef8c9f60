import { parseProcessKey, processKey } from "../files/names.ts";
import type { Piece } from "./pieces/piece.ts";
import type { RowOwners } from "./pieces/row_owners.ts";
import type { ShippedProgram, Target } from "./targets/target.ts";

/** Programs that a store is told of at once. */
const TOLD_AT_ONCE = 1_000;

/**
 * The programs of a directory, and what the store knows of them: those whose rows are shipped, and
 * those of which there is a record, also without rows, or with rows that might be of others.
 */
export class ShippedPrograms {
  readonly #owners: RowOwners;
  /** Those that the store knows, but not their ends. */
  readonly #running = new Set<string>();
  /** How many of the programs with records the store was told of. */
  #told = 0;

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
  shipped(pieces: readonly Pick<Piece, "programs">[]): void {
    for (const { programs } of pieces) {
      for (const program of programs) if (program.isolate !== "") this.#running.add(processKey(program));
    }
  }

  /**
   * Tells the store which programs there are, and how they have ended since it was told of them.
   *
   * @throws {StoreError}
   */
  async describe(target: Target): Promise<void> {
    await this.#describeEnded(target);
    while (this.#told < this.#owners.programs.length) await this.#describeFound(target);
  }

  async #describeFound(target: Target): Promise<void> {
    const found = this.#owners.programs.slice(this.#told, this.#told + TOLD_AT_ONCE);
    // Of a record that cannot be read nothing is known.
    const programs = found.map((id) => this.#owners.describe(id)).filter(({ record }) => record !== undefined);
    await target.describe(programs);
    for (const program of programs) if (program.record?.end === undefined) this.#running.add(processKey(program));
    this.#told += found.length;
  }

  async #describeEnded(target: Target): Promise<void> {
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
    this.#told = 0;
  }
}
