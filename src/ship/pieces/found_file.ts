import {
  parseAppendFileName,
  parseCompactedFileName,
  parseRotatedFileName,
  parseSegmentFileName,
  type ProcessId,
  segmentKey,
} from "../../files/names.ts";
import { isCsvName, readCsvName } from "../../analysis/source/file_names.ts";

/** Files that a ledger is asked for at once. */
export const ASKED_AT_ONCE = 250;

/** A file whose rows are to be shipped, as far as its name tells. */
export interface FoundFile {
  readonly name: string;
  /** By what the store knows it: see `piece.ts`. */
  readonly stem: string;
  readonly channel: string;
  /** Who recorded all of it. Absent if it may have been several. */
  readonly owner?: ProcessId;
  /**
   * - `"segment"`: its content never changes, and the stem tells it from all others.
   * - `"rotated"`: nobody appends to it any more.
   * - `"growing"`: programs append to it; it is rotated before it is shipped.
   * - `"foreign"`: somebody has renamed, copied or written it. It may grow, and is never removed.
   * - `"compacted"`: it has the rows of many segments' files: see `compacted_pieces.ts`.
   */
  readonly kind: "segment" | "rotated" | "growing" | "foreign" | "compacted";
}

/**
 * What a file of this name is to a shipper; `undefined` if its rows are not shipped. Compressed and
 * numbered ones (`duration.csv.1`, `….csv.gz`) are not.
 */
export function foundFile(name: string): FoundFile | undefined {
  const segment = parseSegmentFileName(name);
  if (segment !== undefined) {
    const { channel, pid, isolate } = segment.owner;
    return { name, stem: segmentKey(segment), channel, owner: { pid, isolate }, kind: "segment" };
  }
  const rotated = parseRotatedFileName(name);
  if (rotated !== undefined) return { name, stem: name, channel: rotated.channel, kind: "rotated" };
  const channel = parseAppendFileName(name);
  if (channel !== undefined) return { name, stem: name, channel, kind: "growing" };
  const compacted = parseCompactedFileName(name);
  if (compacted !== undefined) return { name, stem: name, channel: compacted.channel, kind: "compacted" };
  if (!name.endsWith(".csv") || !isCsvName(name)) return undefined;
  return { name, stem: name, channel: readCsvName(name).channel, kind: "foreign" };
}
