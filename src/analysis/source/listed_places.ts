import { COMPACTION_LOCK, directoryOf, fileNameOf, parseCompactedFileName } from "../../files/names.ts";
import type { Files } from "../../runtime.ts";
import { findPlaces, type ListedNames, listNames, type Place } from "./found_files.ts";

/** What some sources stand for, listed at one moment. */
export interface ListedPlaces {
  readonly places: readonly Place[];
  /** The names in each directory among them. */
  readonly names: ReadonlyMap<string, ListedNames>;
  /** The paths of all compacted files among them and in them, sorted. */
  readonly compacted: readonly string[];
}

/** Attempts before giving up when compacted files keep coming. */
const MAX_ATTEMPTS = 20;

/**
 * Lists sources so that each row that is in a file is in one of those listed, though a compaction may
 * be under way: it publishes a compacted file, and then removes the inputs of that.
 *
 * A directory is not listed at one moment: a listing may miss a file that appeared meanwhile, and
 * those that were removed after that. But then a second listing has the new file. So if both have the
 * same compacted files, all that have appeared appeared after the first had ended, and no input had
 * been removed by then for the sake of one that the first does not have.
 *
 * @throws {KymoError} if a source does not exist, or cannot be read.
 */
export function listPlaces(sources: readonly string[], files: Files): ListedPlaces {
  let listed = listOnce(sources, files);
  for (let attempt = 1; attempt < MAX_ATTEMPTS && isCompacted(listed, files); attempt++) {
    const again = listOnce(sources, files);
    if (areSame(listed.compacted, again.compacted)) break;
    listed = again;
  }
  return listed;
}

function areSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((path, i) => path === other[i]);
}

function listOnce(sources: readonly string[], files: Files): ListedPlaces {
  const places = findPlaces(sources, files);
  const names = new Map<string, ListedNames>();
  const compacted = new Set<string>();
  for (const { path, kind } of places) {
    if (kind === "file") {
      if (parseCompactedFileName(fileNameOf(path)) !== undefined) compacted.add(path);
      continue;
    }
    const found = listNames(files, path);
    names.set(path, found);
    for (const name of found.compacted) compacted.add(`${path}/${name}`);
  }
  return { places, names, compacted: [...compacted].sort() };
}

/** Whether a compaction has begun in any of the directories, which leaves its lock there. */
function isCompacted({ places, compacted }: ListedPlaces, files: Files): boolean {
  if (compacted.length > 0) return true;
  const directories = places.map(({ path, kind }) => kind === "directory" ? path : directoryOf(path));
  return [...new Set(directories)].some((path) => {
    try {
      return files.status(`${path}/${COMPACTION_LOCK}`) !== undefined;
    } catch {
      return true; // that cannot be told
    }
  });
}
