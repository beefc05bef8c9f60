import type { FileStatus } from "../../runtime.ts";
import type { FoundFile } from "../pieces/found_file.ts";
import type { Piece } from "../pieces/piece.ts";
import type { ShippingCounts } from "../shipping_counts.ts";
import type { ShippableFiles } from "./shippable_files.ts";

/** A file that is being shipped. */
export interface OpenFile {
  readonly file: FoundFile;
  readonly status: FileStatus;
  /** Whether it was settled before, so that its rows were counted. */
  readonly isKnown: boolean;
  /** The compacted file in which its rows are, if there is one. */
  readonly parent?: OpenFile | undefined;
  /** Bytes from its beginning on that the ledger has, or will have. */
  covered: number;
  /** Pieces, or files within it, that were found and are not settled. */
  pending: number;
  isRead: boolean;
  stays: boolean;
}

/** The files that are being shipped: each is settled once it is read, and nothing of it is pending. */
export class OpenFiles {
  readonly #counts: ShippingCounts;
  readonly #files: ShippableFiles;
  readonly #onFirst: () => void;
  readonly #open = new Map<string, OpenFile>();

  /** `onFirst` is called for each file that is settled for the first time. */
  constructor(counts: ShippingCounts, files: ShippableFiles, onFirst: () => void) {
    this.#counts = counts;
    this.#files = files;
    this.#onFirst = onFirst;
  }

  /** Nothing is being shipped any more. */
  clear(): void {
    this.#open.clear();
  }

  /** Begins to ship a file. */
  begin(
    file: FoundFile,
    status: FileStatus,
    { isKnown = this.#files.wasSettled(file.name), parent }: Partial<Pick<OpenFile, "isKnown" | "parent">> = {},
  ): OpenFile {
    const open = { file, status, isKnown, parent, covered: 0, pending: 0, isRead: false, stays: false };
    if (parent !== undefined) parent.pending++;
    this.#open.set(file.name, open);
    return open;
  }

  /** A file is not shipped in this look. */
  forget(name: string): void {
    this.#open.delete(name);
  }

  /** A piece of a file is in the store, or in quarantine. */
  settlePiece({ file }: Pick<Piece, "file">, stays = false): void {
    const open = this.#open.get(file);
    if (open === undefined) return;
    open.pending--;
    open.stays ||= stays;
    this.settleIfDone(open);
  }

  /** Settles a file if nothing is left of it. */
  settleIfDone({ file, status, parent, covered, pending, isRead, stays }: OpenFile): void {
    if (!isRead || pending > 0 || !this.#open.delete(file.name)) return;
    if (parent !== undefined) {
      parent.pending--;
      return this.settleIfDone(parent);
    }
    this.#counts.settle(file.name);
    if (this.#files.settle(file, status, { stays, covered })) this.#onFirst();
  }
}
