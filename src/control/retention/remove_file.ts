import { RowScanner } from "../../csv/row_scanner.ts";
import { type MonitoringDirectory, release } from "../../files/directory.ts";
import { FileError, type FileStatus, unlessUnreadable } from "../../runtime.ts";
import { isRemovableName } from "./directory_count.ts";
import { shippedBefore } from "./shipped_mark.ts";

/** What became of a file that is beyond the limits of retention. */
export type Removal =
  /** It is removed, with so many rows that were not shipped yet. */
  | { readonly kind: "removed"; readonly unshippedRows: number }
  /** Others have removed it. */
  | { readonly kind: "gone" }
  /** It was written since it was counted, so it is another than was counted. */
  | { readonly kind: "changed" }
  | { readonly kind: "failed"; readonly error: FileError };

/** How a file is removed. */
export interface RemoveOptions {
  /** When it was counted, ms since 1970. */
  readonly counted: number;
  /** Whether it may hold rows that are not shipped yet, which are counted then. */
  readonly dropsUnshipped: boolean | undefined;
}

/** Removes a file that is beyond the limits. A link is not followed, and what is no file stays. */
export function removeFile(
  directory: MonitoringDirectory,
  name: string,
  { counted, dropsUnshipped }: RemoveOptions,
): Removal {
  try {
    if (!isRemovableName(name)) return { kind: "changed" };
    const { files } = directory;
    const path = directory.pathOf(name);
    const status = files.status(path);
    if (status?.kind !== "file") return { kind: "gone" };
    if (Math.floor(status.modified) > counted) return { kind: "changed" };
    const unshippedRows = dropsUnshipped ? countUnshipped(directory, path, status) : 0;
    files.remove(path);
    return { kind: "removed", unshippedRows };
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return error.code === "ENOENT" ? { kind: "gone" } : { kind: "failed", error };
  }
}

/** The rows of a CSV file that is not shipped yet: 2 ms for one of a full buffer. */
function countUnshipped(directory: MonitoringDirectory, path: string, { size, modified }: FileStatus): number {
  if (!path.endsWith(".csv") || modified < shippedBefore(directory)) return 0;
  return unlessUnreadable(() => {
    const handle = directory.files.open(path, "read");
    try {
      const scanner = new RowScanner();
      let rows = 0;
      for (let read = 0;;) {
        const found = scanner.next();
        if (found === "row") {
          rows++;
        } else if (found === "end") {
          const length = scanner.pushFrom(handle, read, size);
          if (length === 0) return rows;
          read += length;
        }
      }
    } finally {
      release(handle);
    }
  }) ?? 0;
}
