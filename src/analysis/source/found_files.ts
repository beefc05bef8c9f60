import { fileErrorCode, KymoError, quotePath, reason } from "../../errors.ts";
import { appendFileName, channelOfFile, fileNameOf, isCsvName } from "../../files/names.ts";
import type { Files } from "../../runtime.ts";

/** A CSV file that was found. */
export interface FoundFile {
  /** Where it is. */
  readonly path: string;
  /** First part of its name, up to a dot: what its observations are of. */
  readonly channel: string;
  /** Its size when it was found, bytes. */
  readonly size: number;
  /** Whether programs append to files of such a name. */
  readonly grows: boolean;
}

/** What a source names. */
export interface Place {
  /** Where it is. */
  readonly path: string;
  /** What it is: for a pattern, `paths` are those that match. */
  readonly kind: "directory" | "file";
}

/** Expands a pattern to the paths of files. */
export type Expand = (pattern: string) => Promise<string[]>;

/**
 * Finds out what sources are: directories, files or patterns of files.
 *
 * @throws {KymoError} if there is nothing, and it is no pattern.
 */
export async function findPlaces(sources: readonly string[], files: Files, expand: Expand): Promise<Place[]> {
  const places: Place[] = [];
  for (const source of sources) {
    const path = files.resolve(source);
    const kind = attempt(path, () => kindOf(files, path));
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
 * The CSV files of a monitoring directory. Those that are not published yet, whose names begin with a dot, are none.
 *
 * @throws {KymoError} if it cannot be listed.
 */
export function listCsvs(files: Files, directory: string): string[] {
  const names = attempt(directory, () => files.list(directory));
  return names.filter(isCsvName).sort();
}

/** What is at a path; a text says why it cannot be read, `undefined` that it is gone. */
export function findFile(files: Files, path: string): FoundFile | string | undefined {
  try {
    const status = files.status(path);
    if (status === undefined) return undefined;
    if (status.kind !== "file") return `it is not a file but a ${status.kind}`; // opening a pipe would wait for a writer
    const name = fileNameOf(path);
    const channel = channelOfFile(name);
    return { path, channel, size: status.size, grows: name === appendFileName(channel) };
  } catch (error) {
    return reason(error);
  }
}

/** Links to directories are followed, those to files are not. */
function kindOf(files: Files, path: string): string | undefined {
  const kind = files.status(path)?.kind;
  if (kind !== "symlink") return kind;
  try {
    return files.status(`${path}/.`)?.kind;
  } catch {
    return kind;
  }
}

/** Runs an operation on a file; what goes wrong is a `KymoError` with its path. */
export function attempt<T>(path: string, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    throw new KymoError(fileErrorCode(error), `Cannot read: ${quotePath(path)}: ${reason(error)}`, { cause: error });
  }
}
