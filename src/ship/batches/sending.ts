import { StoreError } from "../../stores/store_error.ts";
import { findCopies } from "../pieces/copies.ts";
import type { Piece } from "../pieces/piece.ts";
import type { Refusals } from "../refusals.ts";
import type { ShippedPrograms } from "../shipped_programs.ts";
import { newBatch } from "../targets/new_batch.ts";
import type { Batch, Target } from "../targets/target.ts";
import type { JournaledBatches } from "./journaled_batches.ts";
import { type SentPiece, SentPieces } from "./sent_pieces.ts";

/** What batches are sent with. */
export interface SendingDeps {
  readonly target: Target;
  readonly programs: ShippedPrograms;
  readonly refusals: Refusals;
  /** For a store without transactions. */
  readonly journaled: JournaledBatches | undefined;
}

/** Who wants to know what becomes of pieces. */
export interface SendingListeners {
  /** The store has committed them. */
  readonly onShipped: (pieces: readonly SentPiece[]) => void;
  /** The store has it under another name. */
  readonly onThere: (piece: Piece) => void;
  /** Some are left to the next look. */
  readonly onLeft: () => void;
}

/** How a batch is sent. */
export interface SendOptions {
  /** See {@linkcode Batch.onSent}. */
  readonly onSent: () => void;
  /** Whether it may be committed together with others. */
  readonly together: boolean;
}

/**
 * Batches on their way to a store, which may commit several of them together. What it refuses of a single
 * one is found by bisecting that; of several the rows of the first ones are not there any more.
 */
export class Sending {
  readonly #deps: SendingDeps;
  readonly #listeners: SendingListeners;
  readonly #sent = new SentPieces();

  /** Nothing is on its way. */
  constructor(deps: SendingDeps, listeners: SendingListeners) {
    this.#deps = deps;
    this.#listeners = listeners;
  }

  /** Whether nothing was sent that is not committed. */
  get isEmpty(): boolean {
    return this.#sent.isEmpty;
  }

  /** A look begins: the one before may have failed. */
  begin(): void {
    this.#sent.take();
  }

  /**
   * Ships what the store does not have under another name.
   *
   * @throws {StoreError}
   */
  async ship(pieces: readonly Piece[], { onSent, together }: SendOptions): Promise<void> {
    const mayStayOpen = together && this.#sent.mayJoin(pieces);
    if (!mayStayOpen) await this.finish();
    const { fresh, there, later } = await findCopies(pieces, this.#deps.target);
    for (const piece of there) this.#listeners.onThere(piece);
    if (later.length > 0) this.#listeners.onLeft();
    if (fresh.length > 0) await this.#shipOrBisect(fresh, { onSent, mayStayOpen });
  }

  /**
   * Commits what was sent.
   *
   * @throws {StoreError}
   */
  async finish(): Promise<void> {
    if (!this.#sent.isEmpty) this.#settle(await this.#deps.target.finish!());
  }

  /** Gives up what was sent. */
  async giveUp(): Promise<void> {
    this.#sent.take();
    await this.#deps.target.giveUp?.();
  }

  async #shipOrBisect(pieces: readonly Piece[], how: Pick<Batch, "onSent" | "mayStayOpen"> = {}): Promise<void> {
    const { target, programs, refusals, journaled } = this.#deps;
    const batch = { ...newBatch(pieces, programs.of(pieces)), ...how };
    let result: "shipped" | "taken" | "sent";
    try {
      result = await (journaled ?? target).ship(batch);
    } catch (error) {
      if (!(error instanceof StoreError && error.kind === "data" && this.#sent.isEmpty)) throw error;
      if (pieces.length === 1) return refusals.refused(pieces[0]!, error);
      const half = pieces.length >> 1;
      await this.#shipOrBisect(pieces.slice(0, half));
      await this.#shipOrBisect(pieces.slice(half));
      return;
    }
    this.#sent.add(pieces);
    if (result === "sent") programs.shipped(pieces); // it was told of them
    else this.#settle(result);
  }

  #settle(result: "shipped" | "taken"): void {
    const pieces = this.#sent.take();
    if (result === "shipped") this.#listeners.onShipped(pieces);
    else this.#listeners.onLeft(); // the next look sees what is there
  }
}
