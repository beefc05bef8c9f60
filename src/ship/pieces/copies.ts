import type { Target } from "../targets/target.ts";
import { foundFile } from "./found_file.ts";
import type { Piece, PieceEntry } from "./piece.ts";

/** What becomes of pieces of which a store may have copies. */
export interface SortedPieces {
  /** To be shipped. */
  readonly fresh: readonly Piece[];
  /** The store has them under another name. */
  readonly there: readonly Piece[];
  /** Copies of fresh ones, which go first, and what has the same name as these, or as what is there. */
  readonly later: readonly Piece[];
}

/**
 * Asks a store for what it has of these pieces, also under other names.
 *
 * @throws {StoreError}
 */
export async function findCopies(pieces: readonly Piece[], target: Pick<Target, "entries">): Promise<SortedPieces> {
  const stems = pieces.map(({ stem }) => stem);
  const digests = pieces.map(({ sha256 }) => sha256);
  return sortOutCopies(pieces, await target.entries(stems, digests, () => pieces.map(({ began }) => began)));
}

/**
 * Tells pieces from copies of them by their digests, given the entries of the ledger that have one of
 * these. Only a file that was renamed, copied or written by somebody can be a copy: two programs may
 * well have recorded the same. After a power cut two files may have the same stem: the one that is not
 * shipped first is compared with what is there.
 */
export function sortOutCopies(pieces: readonly Piece[], entries: readonly PieceEntry[]): SortedPieces {
  if (entries.length === 0 && areDistinctSegments(pieces)) return { fresh: pieces, there: [], later: [] };
  const known = Map.groupBy(entries, ({ sha256 }) => sha256);
  const together = Map.groupBy(pieces, ({ sha256 }) => sha256);
  const taken = Map.groupBy(entries, ({ stem }) => stem);
  const sorted: Record<keyof SortedPieces, Piece[]> = { fresh: [], there: [], later: [] };
  for (const piece of pieces) {
    const isForeign = isForeignStem(piece.stem);
    const same = together.get(piece.sha256)!;
    const isFirst = same[0] === piece && same.every(({ stem }) => isForeignStem(stem));
    const isThere = known.get(piece.sha256)?.some(({ stem }) => isForeign || isForeignStem(stem));
    const ofStem = taken.get(piece.stem) ?? [];
    const isTaken = ofStem.some((one) => haveRowsInCommon(one, piece));
    const kind = isThere ? "there" : !isTaken && (!isForeign || isFirst) ? "fresh" : "later";
    if (kind === "fresh") taken.set(piece.stem, [...ofStem, piece]);
    sorted[kind].push(piece);
  }
  return sorted.fresh.length === pieces.length ? { ...sorted, fresh: pieces } : sorted;
}

/** As nearly all are: no copies, and each has a stem of its own. */
function areDistinctSegments(pieces: readonly Piece[]): boolean {
  const stems = new Set<string>();
  for (const { stem } of pieces) {
    if (isForeignStem(stem)) return false;
    stems.add(stem);
  }
  return stems.size === pieces.length;
}

/** Whether somebody may have renamed, copied or written the file with this stem. */
export function isForeignStem(stem: string): boolean {
  return foundFile(stem)?.kind === "foreign"; // a segment's has no `.csv`
}

function haveRowsInCommon(one: PieceEntry, other: PieceEntry): boolean {
  return one.firstRow < other.firstRow + other.rows && other.firstRow < one.firstRow + one.rows;
}
