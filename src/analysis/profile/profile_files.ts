/**
 * Finding and reading `.cpuprofile` and `.heapprofile` files.
 *
 * @module
 */

import { fileError, KymoError, quotePath } from "../../errors.ts";
import { fileNameOf, parseHeapProfileFileName, parseProfileFileName, type ProcessId } from "../../files/names.ts";
import { followLinks, openRegularFile } from "../../files/regular_file.ts";
import { isProfileName, originalProfileName } from "../source/file_names.ts";
import { readDecompressed } from "../source/gzip.ts";
import { expandPattern, isPattern } from "../source/file_pattern.ts";
import { failure, type Result, success } from "../../result.ts";
import type { CpuProfile, Files } from "../../runtime.ts";
import { type ReadCpuProfile, readCpuProfile } from "./cpu_profile.ts";
import { readHeapProfile } from "./heap_profile.ts";

/** A `.cpuprofile` file. */
export interface ProfileFile {
  /** Its path. */
  readonly path: string;
  /** The process it is of, if its name says so: PIDs repeat in containers, and among workers. */
  readonly process: ProcessId | undefined;
  /** Its content. */
  readonly profile: ReadCpuProfile;
}

/** Most bytes of a profile: the length of the longest string of V8, which no file of Kymo nears. */
const MAXIMUM_SIZE = 2 ** 29 - 25;

/**
 * Finds the CPU profiles at some paths: a path of a file is taken as it is, one of a directory
 * stands for all profiles in it, sorted by name. A path that does not exist may be a pattern of
 * either.
 *
 * @throws {KymoError} `"not-found"` if a path does not exist, or a directory or pattern has no
 * profile.
 * @throws {KymoError} `"permission-denied"` or `"io"` if a directory cannot be read.
 */
export function findProfiles(paths: readonly string[], files: Files): string[] {
  return [...new Set(paths.flatMap((path) => profilesAt(path, files)))];
}

function profilesAt(path: string, files: Files): string[] {
  const resolved = files.resolve(path);
  const failed = (why: string): KymoError =>
    new KymoError("not-found", `Cannot read CPU profiles: ${quotePath(path)}: ${why}`);
  try {
    if (files.status(resolved) !== undefined) {
      const found = profilesIn(resolved, files) ?? [resolved];
      if (found.length === 0) throw failed("no .cpuprofile file in it (kymo profile --for takes one)");
      return found;
    }
    const matches = isPattern(path) ? expandPattern(files, resolved) : [];
    if (matches.length === 0) throw failed("no such file or directory");
    const found = matches.flatMap((match) =>
      profilesIn(match, files) ?? (isProfileName(fileNameOf(match)) ? [match] : [])
    );
    if (found.length === 0) throw failed("no .cpuprofile file matches, or is in a directory that does");
    return found;
  } catch (error) {
    if (error instanceof KymoError) throw error;
    throw fileError("Cannot read CPU profiles", path, error);
  }
}

/** The processes whose profiles are wanted: any of these PIDs, and any of these isolates. */
export interface ProfileSelection {
  readonly pids?: readonly number[] | undefined;
  readonly isolates?: readonly string[] | undefined;
}

/** Whether a file is of one of the processes that are wanted. */
export function isSelected({ process }: Pick<ProfileFile, "process">, { pids, isolates }: ProfileSelection): boolean {
  const { pid, isolate } = process ?? {};
  return (pids === undefined || pid !== undefined && pids.includes(pid)) &&
    (isolates === undefined || isolate !== undefined && isolates.includes(isolate));
}

/** The profiles in a directory; `undefined` if something else, which may be no file, is at its path. */
function profilesIn(path: string, files: Files): string[] | undefined {
  const found = followLinks(files, path);
  if (!found.ok || found.value.status.kind !== "directory") return undefined;
  return files.list(path).filter(isProfileName).sort().map((name) => `${path.replace(/\/$/, "")}/${name}`);
}

/**
 * Reads a `.cpuprofile` file.
 *
 * @throws {KymoError} `"not-found"`, `"permission-denied"` or `"io"` if it cannot be read.
 * @throws {KymoError} `"limit-exceeded"` if it is larger than a string can be.
 * @throws {KymoError} `"invalid-data"` if its content is not a CPU profile.
 */
export function readProfile(path: string, files: Files): ProfileFile {
  const action = `Cannot read the CPU profile: ${quotePath(path)}`;
  let text: Result<string, "limit-exceeded">;
  try {
    text = readText(path, files);
  } catch (error) {
    throw fileError("Cannot read the CPU profile", path, error);
  }
  if (!text.ok) throw new KymoError(text.kind, `${action}: ${text.reason}`);
  const profile = readCpuProfile(text.value);
  if (!profile.ok) throw new KymoError(profile.kind, `${action}: ${profile.reason}`);
  const name = fileNameOf(path);
  const owner = parseProfileFileName(originalProfileName(name) ?? name)?.owner;
  return { path, process: owner && { pid: owner.pid, isolate: owner.isolate }, profile: profile.value };
}

function readText(path: string, files: Files): Result<string, "limit-exceeded"> {
  const file = openRegularFile(files, path);
  try {
    const bytes = readDecompressed(file, MAXIMUM_SIZE);
    if (bytes === undefined) return failure("limit-exceeded", `larger than ${MAXIMUM_SIZE} bytes`);
    return success(new TextDecoder().decode(bytes));
  } finally {
    file.close();
  }
}

/** A `.heapprofile` file. */
export interface HeapProfileFile extends Omit<ProfileFile, "profile"> {
  /** Its call tree has bytes where that of a CPU profile has seconds. */
  readonly profile: CpuProfile;
}

/** The paths of the heap profiles in a directory, sorted by name; none in what is no directory. */
export function findHeapProfiles(directory: string, files: Files): string[] {
  const found = followLinks(files, files.resolve(directory));
  if (!found.ok || found.value.status.kind !== "directory") return [];
  return files.list(directory).filter((name) => parseHeapProfileFileName(name) !== undefined).sort()
    .map((name) => `${directory.replace(/\/$/, "")}/${name}`);
}

/**
 * Reads a `.heapprofile` file.
 *
 * @throws {KymoError} as {@linkcode readProfile} does.
 */
export function readHeapProfileFile(path: string, files: Files): HeapProfileFile {
  const action = "Cannot read the heap profile";
  let text: Result<string, "limit-exceeded">;
  try {
    text = readText(path, files);
  } catch (error) {
    throw fileError(action, path, error);
  }
  if (!text.ok) throw new KymoError(text.kind, `${action}: ${quotePath(path)}: ${text.reason}`);
  const profile = readHeapProfile(text.value);
  if (!profile.ok) throw new KymoError(profile.kind, `${action}: ${quotePath(path)}: ${profile.reason}`);
  const owner = parseHeapProfileFileName(fileNameOf(path))?.owner;
  return { path, process: owner && { pid: owner.pid, isolate: owner.isolate }, profile: profile.value };
}
