import { fileErrorCode, KymoError, quotePath, reason } from "../../errors.ts";
import type { CpuProfile, Files } from "../../runtime.ts";
import { checkedProfile } from "./parse_profile.ts";

/** A `.cpuprofile` file. */
export interface ProfileFile {
  /** Its path. */
  readonly path: string;
  /** Of which process, if its name tells that. */
  readonly pid: number | undefined;
  /** What is in it. */
  readonly profile: CpuProfile;
}

const EXTENSION = ".cpuprofile";

/** More than this no text of JavaScript can hold. Ten minutes of Kymo's are half a MB. */
const MAXIMUM_SIZE = 2 ** 29 - 25;

/**
 * The files of CPU profiles that some paths lead to: the file itself, or all in a directory, by their names.
 *
 * @throws {KymoError} if there is nothing, or no profile in a directory.
 * @throws {KymoError} if a directory cannot be read.
 */
export function findProfiles(paths: readonly string[], files: Files): string[] {
  return [...new Set(paths.flatMap((path) => profilesAt(path, files)))];
}

function profilesAt(path: string, files: Files): string[] {
  const resolved = files.resolve(path);
  try {
    const status = files.status(resolved);
    if (status === undefined) {
      throw new KymoError("not-found", `Cannot read CPU profiles: no such file or directory: ${quotePath(path)}`);
    }
    const isFile = status.kind === "file" || status.kind === "symlink" && resolved.endsWith(EXTENSION);
    if (isFile) return [resolved];
    const names = files.list(resolved).filter((name) => name.endsWith(EXTENSION) && !name.startsWith(".")).sort();
    if (names.length > 0) return names.map((name) => `${resolved.replace(/\/$/, "")}/${name}`);
  } catch (error) {
    if (error instanceof KymoError) throw error;
    throw new KymoError(fileErrorCode(error), `Cannot read CPU profiles: ${quotePath(path)}: ${reason(error)}`, {
      cause: error,
    });
  }
  throw new KymoError("not-found", `Cannot read CPU profiles: there are none in: ${quotePath(path)}`);
}

/**
 * Reads a `.cpuprofile` file.
 *
 * @throws {KymoError} if it cannot be read, is damaged, or something else.
 */
export function readProfile(path: string, files: Files): ProfileFile {
  try {
    const profile = checkedProfile(readText(path, files));
    const [, pid] = /(?:^|[/\\])profiler\.(\d+)-[^/\\]*$/.exec(path) ?? [];
    return { path, pid: pid === undefined ? undefined : Number(pid), profile };
  } catch (error) {
    throw new KymoError(fileErrorCode(error), `Cannot read the CPU profile: ${quotePath(path)}: ${reason(error)}`, {
      cause: error,
    });
  }
}

function readText(path: string, files: Files): string {
  const file = files.open(path, "read");
  try {
    const { size } = file.status();
    if (size > MAXIMUM_SIZE) throw new Error("it is too large");
    const bytes = new Uint8Array(size);
    let length = 0;
    while (length < size) {
      const read = file.readAt(bytes.subarray(length), length);
      if (read === 0) break;
      length += read;
    }
    return new TextDecoder().decode(bytes.subarray(0, length));
  } finally {
    file.close();
  }
}
