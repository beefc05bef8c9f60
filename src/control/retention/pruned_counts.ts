/** What retention has removed. */
export interface PrunedCounts {
  /** Files that this program has removed to keep the limits. */
  readonly files: number;
  /** Bytes that they took on the disk. */
  readonly bytes: number;
  /** Rows in them that `kymo ship` had not shipped yet; 0 unless `dropUnshipped` is set. */
  readonly unshippedRows: number;
}

/** Where nothing was removed. */
export const NOTHING_PRUNED: PrunedCounts = { files: 0, bytes: 0, unshippedRows: 0 };
