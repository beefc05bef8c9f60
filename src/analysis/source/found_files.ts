import { fileError, KymoError, quotePath, reason } from "../../errors.ts";
import { appendFileName, channelOfFile, fileNameOf, isCsvName } from "../../files/names.ts";
import { failure, type Result, success } from "../../result.ts";
import type { Files } from "../../runtime.ts";

/** A CSV file. */
export interface FoundFile {
  /** Its absolute path. */
  readonly path: string;
  /** The channel of its rows, by its name. */
  readonly channel: string;
  /** Its size when it was found, bytes. */
  readonly size: number;
  /** Whether its name is that of a file to which programs append. */
  readonly grows: boolean;
}

/** A directory or file that a source stands for. */
export interface Place {
  /** Its absolute path. */
  readonly path: string;
  readonly kind: "directory" | "file";
}

/** Expands a pattern to the paths of files. */
export type Expand = (pattern: string) => Promise<string[]>;

/**
 * Resolves sources, which are directories, files or patterns of files.
 *
 * @throws {KymoError} `"not-found"` if a source does not exist and is not a pattern.
 */
export async function findPlaces(sources: readonly string[], files: Files, expand: Expand): Promise<Place[]> {
  const places: Place[] = [];
  for (const source of sources) {
    const path = files.resolve(source);
    const kind = reportingPath(path, () => kindOf(files, path));
    if (kind !== undefined) {
      places.push({ path, kind: kind === "directory" ? "directory" : "file" });
    } else if (/[*?[]/.test(source)) {
      for (const match of await expand(path)) places.push({ path: match, kind: "file" });
    } else {
      throw new KymoError("not-found", `Cannot read: ${quotePath(path)}: no such file or directory`);
    }
  }
  return places;
}

/**
 * The names of the published CSV files of a directory, sorted.
 *
 * @throws {KymoError} if it cannot be listed.
 */
export function listCsvs(files: Files, directory: string): string[] {
  return reportingPath(directory, () => files.list(directory)).filter(isCsvName).sort();
}

/** Describes the CSV file at a path, without opening it. */
export function findFile(files: Files, path: string): Result<FoundFile, "gone" | "unreadable"> {
  try {
    const status = files.status(path);
    if (status === undefined) return failure("gone", "no such file");
    // Opening a pipe would wait for a writer.
    if (status.kind !== "file") return failure("unreadable", `it is not a file but a ${status.kind}`);
    const name = fileNameOf(path);
    const channel = channelOfFile(name);
    return success({ path, channel, size: status.size, grows: name === appendFileName(channel) });
  } catch (error) {
    return failure("unreadable", reason(error));
  }
}

/** The kind of what is at a path. Links to directories are followed, those to files are not. */
function kindOf(files: Files, path: string): string | undefined {
  const kind = files.status(path)?.kind;
  if (kind !== "symlink") return kind;
  try {
    return files.status(`${path}/.`)?.kind;
  } catch {
    return kind;
  }
}

/** Runs an operation on files. It fails with a `KymoError` that names the path. */
export function reportingPath<T>(path: string, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    throw fileError("Cannot read", path, error);
  }
}
