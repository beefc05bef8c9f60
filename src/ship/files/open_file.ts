import type { FileStatus } from "../../runtime.ts";
import type { FoundFile } from "../pieces/found_file.ts";

/** A file that is being shipped. */
export interface OpenFile {
  readonly file: FoundFile;
  readonly status: FileStatus;
  /** Whether it was settled before, so that its rows were counted. */
  readonly isKnown: boolean;
  /** Bytes from its beginning on that the ledger has, or will have. */
  covered: number;
  /** Pieces that were found and are not settled. */
  pending: number;
  isRead: boolean;
  stays: boolean;
}
