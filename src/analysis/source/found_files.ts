import { fileError, KymoError, quotePath, reason } from "../../errors.ts";
import {
  appendFileName,
  fileNameOf,
  parseCompactedFileName,
  parseProgramFileName,
  type PublishedName,
} from "../../files/names.ts";
import { findRegularFile, followLinks } from "../../files/regular_file.ts";
import { failure, type Result, success } from "../../result.ts";
import type { Files } from "../../runtime.ts";
import type { ChannelEvidence } from "./channel_evidence.ts";
import { isCsvName, isDoubtfulName, isProfileName, readCsvName } from "./file_names.ts";
import { expandPattern, isPattern } from "./file_pattern.ts";

/** A CSV file. */
export interface FoundFile {
  /** Its absolute path; of a link, that of the file. */
  readonly path: string;
  /** The name that Kymo gave it, as far as one can tell. */
  readonly original: string;
  /** The channel of its rows, by its name. */
  readonly channel: string;
  /** The isolate that recorded its rows, by its name; empty if that does not tell. */
  readonly isolate: string;
  /** The segment whose own file it is, by its name; `undefined` if that does not tell, or was changed. */
  readonly segment: PublishedName | undefined;
  /** Whether its path is not one from which `SEGMENT_IN_PATH` finds the isolate. */
  readonly isRenamed: boolean;
  /** Its size when it was found, bytes. */
  readonly size: number;
  /** When it was changed last, ms since 1970; 0 if that is not known. */
  readonly modified: number;
  /** Whether its name is that of a file to which programs append. */
  readonly grows: boolean;
}

/** A directory or file that a source stands for. */
export interface Place {
  /** Its absolute path. */
  readonly path: string;
  readonly kind: "directory" | "file";
}

/**
 * Resolves sources, which are directories, files or patterns of either.
 *
 * @throws {KymoError} `"not-found"` if a source does not exist, or a pattern matches nothing.
 */
export function findPlaces(sources: readonly string[], files: Files): Place[] {
  return sources.flatMap((source) => {
    const path = files.resolve(source);
    const kind = reportingPath(path, () => kindOf(files, path));
    if (kind !== undefined) return [{ path, kind }];
    const matches = isPattern(source) ? expandPattern(files, path) : [];
    if (matches.length === 0) {
      throw new KymoError("not-found", `Cannot read: ${quotePath(path)}: no such file or directory`);
    }
    const places = matches.map((match) => ({ path: match, kind: kindOf(files, match) ?? "file" as const }));
    // Whoever writes `_monitoring/*` does not mean the profiles that lie there too.
    return places.filter(({ path, kind }) => kind === "directory" || !isOtherFile(fileNameOf(path)));
  });
}

/** Whether Kymo gives a file such a name that has no rows. */
function isOtherFile(name: string): boolean {
  return isProfileName(name) || parseProgramFileName(name) !== undefined;
}

/** The names in a directory, as far as they concern a reader of rows, each list sorted. */
export interface ListedNames {
  /** Published CSV files, also rotated and renamed ones. */
  readonly csvs: readonly string[];
  /** Compacted files. */
  readonly compacted: readonly string[];
  /** Files that may hold rows, but whose names do not tell. */
  readonly doubtful: readonly string[];
}

/**
 * Lists the files of a directory by what their names tell.
 *
 * @throws {KymoError} if it cannot be listed.
 */
export function listNames(files: Files, directory: string): ListedNames {
  const found = { csvs: [] as string[], compacted: [] as string[], doubtful: [] as string[] };
  for (const name of reportingPath(directory, () => files.list(directory))) {
    if (isCsvName(name)) found.csvs.push(name);
    else if (parseCompactedFileName(name) !== undefined) found.compacted.push(name);
    else if (isDoubtfulName(name)) found.doubtful.push(name);
  }
  for (const names of Object.values(found)) names.sort();
  return found;
}

/** Whether there is a file that is not empty at a path. Does not throw. */
export function hasContent(files: Files, path: string): boolean {
  try {
    const found = findRegularFile(files, path);
    return found.ok && found.value.status.size > 0;
  } catch {
    return false;
  }
}

/** Describes the CSV file at a path. Opens it only if its name leaves a doubt about its channel. */
export function findFile(
  files: Files,
  path: string,
  evidence: ChannelEvidence,
): Result<FoundFile, "gone" | "unreadable"> {
  try {
    const found = findRegularFile(files, path);
    if (!found.ok) {
      const isGone = found.kind === "gone" && files.status(path) === undefined; // no link to nothing
      return isGone ? failure("gone", "no such file") : failure("unreadable", found.reason);
    }
    const { path: target, status: { size, modified } } = found.value;
    const name = fileNameOf(path);
    const told = readCsvName(name);
    const channel = evidence.channelOf(told, path);
    const targetName = target === path ? name : fileNameOf(target);
    const { isolate, original, segment } = target === path ? told : readCsvName(targetName);
    const isRenamed = original !== targetName;
    return success({
      path: target,
      original: channel === told.channel ? told.original : appendFileName(channel),
      channel,
      isolate,
      segment: isRenamed ? undefined : segment,
      isRenamed: isolate !== "" && isRenamed,
      size,
      modified,
      grows: name === appendFileName(channel),
    });
  } catch (error) {
    return failure("unreadable", reason(error));
  }
}

/**
 * Whether there is a directory at a path, or something else, which may be no file either;
 * `undefined` if nothing is there. Links to directories are followed.
 */
function kindOf(files: Files, path: string): Place["kind"] | undefined {
  if (files.status(path) === undefined) return undefined;
  try {
    const found = followLinks(files, path);
    return found.ok && found.value.status.kind === "directory" ? "directory" : "file";
  } catch {
    return "file"; // a link that leads in a circle, say, of which `findFile` tells
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
