import type { Clock } from "../runtime.ts";
import type { Piece } from "./pieces/piece.ts";
import type { Quarantined, ShippingDirectory } from "./shipping_directory.ts";
import { StoreError } from "../stores/store_error.ts";

/** Refused pieces in a row after which the store is to blame: none of them is skipped. */
const MOST_SUSPECTS = 100;

/** Pieces in quarantine at most. When it is full, nothing more is skipped. */
const MOST_QUARANTINED = 1_000;

/** A piece without its rows, since there may be many. */
type RefusedPiece = Omit<Piece, "content">;

interface Suspect {
  readonly piece: RefusedPiece;
  readonly error: StoreError;
}

/**
 * What a store refuses. A refused piece is a suspect until the store has taken a piece of another
 * file; then it is condemned, which is to say put into quarantine. Until then the store may be to
 * blame, and nothing is skipped.
 */
export class Refusals {
  readonly #shipping: ShippingDirectory;
  readonly #clock: Clock;
  readonly #onCondemned: (piece: RefusedPiece) => void;
  /** What was refused in this look, while nothing else was taken. */
  #suspects: Suspect[] = [];
  /** Up to two files of which something was taken in this look: enough to know whether it was another one. */
  readonly #taken = new Set<string>();
  #startAfter = "";
  #quarantined: ReadonlyMap<string, Quarantined> = new Map();

  /** `onCondemned` is called for each piece that is put into quarantine because the store refuses it. */
  constructor(shipping: ShippingDirectory, clock: Clock, onCondemned: (piece: RefusedPiece) => void) {
    this.#shipping = shipping;
    this.#clock = clock;
    this.#onCondemned = onCondemned;
  }

  /** How many pieces are in quarantine. */
  get quarantinedPieces(): number {
    return this.#quarantined.size;
  }

  /** The files of which something is in quarantine. */
  get quarantinedFiles(): Iterable<string> {
    return this.#quarantined.values().map(({ file }) => file);
  }

  /**
   * A look begins. Returns what somebody has taken out of quarantine since the last one.
   *
   * @throws {FileError}
   */
  begin(): readonly Quarantined[] {
    this.#suspects = [];
    this.#taken.clear();
    const before = this.#quarantined;
    this.#quarantined = new Map(this.#shipping.quarantined().map((one) => [keyOf(one), one]));
    return [...before].filter(([key]) => !this.#quarantined.has(key)).map(([, one]) => one);
  }

  /** The name after which the next look begins, since what is before was refused; else empty. */
  get startAfter(): string {
    return this.#startAfter;
  }

  /** Whether a piece is in quarantine. */
  has(piece: Pick<Piece, "sha256" | "firstRow">): boolean {
    return this.#quarantined.has(keyOf(piece));
  }

  /**
   * Puts a piece into quarantine.
   *
   * @throws {StoreError} if that is full.
   * @throws {FileError}
   */
  quarantine({ stem, firstRow, rows, sha256, file }: RefusedPiece, code: string, reason: string): void {
    if (this.#quarantined.size >= MOST_QUARANTINED) {
      const why = `${reason} (and ${MOST_QUARANTINED} parts of files are in quarantine already)`;
      throw new StoreError("data", code, why);
    }
    const quarantined = { stem, firstRow, rows, sha256, file, code, reason, at: this.#clock.epoch() };
    this.#shipping.quarantine(quarantined);
    this.#quarantined = new Map([...this.#quarantined, [keyOf(quarantined), quarantined]]);
  }

  /**
   * The store has refused a piece.
   *
   * @throws {StoreError} if it has refused so many in a row that it is to blame.
   */
  refused({ content: _, ...piece }: Piece, error: StoreError): void {
    this.#suspects.push({ piece, error });
    if (this.#suspects.length < MOST_SUSPECTS) return;
    this.#startAfter = piece.file;
    this.blame();
    this.#taken.clear(); // the next ones need another witness
  }

  /** The store has taken pieces: those that it refused before are to blame, if they are of other files. */
  took(pieces: readonly Pick<Piece, "file">[]): void {
    for (const { file } of pieces) if (this.#taken.size < 2) this.#taken.add(file);
    for (const suspect of this.#suspects.splice(0)) {
      if (pieces.some(({ file }) => file !== suspect.piece.file)) this.#condemn(suspect);
      else this.#suspects.push(suspect);
    }
  }

  /**
   * Condemns what the store has refused last, if it has taken other files before in this look.
   *
   * @throws {StoreError} if it has not.
   */
  blame(): void {
    for (const suspect of this.#suspects.splice(0)) {
      const takesOthers = this.#taken.size > (this.#taken.has(suspect.piece.file) ? 1 : 0);
      if (!takesOthers) throw suspect.error;
      this.#condemn(suspect);
    }
    this.#startAfter = "";
  }

  #condemn({ piece, error }: Suspect): void {
    this.quarantine(piece, error.code, error.message);
    this.#onCondemned(piece);
  }
}

function keyOf({ sha256, firstRow }: { readonly sha256: string; readonly firstRow: number }): string {
  return `${sha256} ${firstRow}`;
}
