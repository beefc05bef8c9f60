import { appendingIdentities } from "../files/interrupted_flush.ts";
import { accessLike, type MonitoringDirectory, release, unlessGone, writeAll } from "../files/directory.ts";
import { directoryOf, temporaryPathBeside } from "../files/names.ts";
import { type Clock, FileError, type Files, readFully } from "../runtime.ts";
import { NANOSECONDS_PER_MS } from "../series.ts";
import type { SettledFile, ShippableFiles } from "./shippable_files.ts";

/** Names to try in the archive when one is taken. */
const MAX_NAMES = 1_000;

/** Bytes that are copied at once to an archive on another file system. */
const COPY_BYTES = 256 * 1024;

/** What became of files that all stores have. */
export interface LetGoTally {
  /** Files that were removed, or moved to the archive. */
  files: number;
  /** Attempts that failed; they are repeated. */
  failures: number;
}

/** How files are let go. */
export interface LetGoOptions {
  /** For how long files stay after all stores have them, ms; `Infinity` for ever. */
  readonly keep: number;
  /** The directory to which they are moved. Without one they are removed. */
  readonly archive?: string | undefined;
}

/**
 * Removes or archives the files of a monitoring directory that all stores have had for some time: a
 * store that is restored from a backup of a few minutes ago gets them again, and who follows the
 * directory can read them to their ends. Left alone is what is in quarantine, what was changed since
 * it was shipped, and what is not Kymo's.
 */
export class LettingGo {
  readonly tally: LetGoTally = { files: 0, failures: 0 };
  /** Why the last attempt failed, if it did. */
  lastFailure: string | undefined;
  readonly #directory: MonitoringDirectory;
  readonly #clock: Clock;
  readonly #options: LetGoOptions;

  /** For a directory whose files go to `archive` if there is one. */
  constructor(directory: MonitoringDirectory, clock: Clock, options: LetGoOptions) {
    this.#directory = directory;
    this.#clock = clock;
    this.#options = options;
  }

  /** Lets go what is due, of the files as each store has them. Does not throw: what fails is tried again. */
  run(stores: readonly ShippableFiles[]): void {
    const [first, ...others] = stores;
    const limit = this.#clock.now() - this.#options.keep * NANOSECONDS_PER_MS;
    if (first === undefined || limit === -Infinity) return;
    let appending: ReadonlySet<string> | undefined;
    for (const [name, settled] of first.settled) {
      const all = [settled, ...others.map((store) => store.settled.get(name))];
      if (!all.every((one) => one !== undefined && one.at <= limit && !one.isQuarantined)) continue;
      const { kind } = settled.file;
      if (kind !== "segment" && kind !== "rotated") continue;
      try {
        if (kind === "rotated") appending ??= appendingIdentities(this.#directory);
        if (appending?.has(settled.status.identity) || !this.#letGo(name, settled)) continue;
        this.tally.files++;
        for (const store of stores) store.forget(name);
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
        this.tally.failures++;
        this.lastFailure = error.message;
      }
    }
  }

  /** `false` if it is another file now. */
  #letGo(name: string, { status: { size, identity } }: SettledFile): boolean {
    const { files } = this.#directory;
    const path = this.#directory.pathOf(name);
    const now = files.status(path);
    if (now === undefined) return true;
    if (now.size !== size || now.identity !== identity) return false;
    const { archive } = this.#options;
    if (archive !== undefined) archiveFile(files, path, archive, name);
    unlessGone(() => files.remove(path));
    return true;
  }
}

/** Gives a file a second name in the archive, or copies it there. A name that is taken is not used. */
function archiveFile(files: Files, path: string, archive: string, name: string): void {
  files.ensureDirectory(archive);
  let source = path;
  let copy = "";
  try {
    for (let number = 0; number < MAX_NAMES; number++) {
      const target = `${archive}/${name}${number === 0 ? "" : `.${number}`}`;
      try {
        files.link(source, target);
        files.syncDirectory(archive);
        return;
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
        if (error.code === "EEXIST") continue;
        if (error.code === "ENOENT") throw error;
        if (copy !== "") return files.rename(copy, target);
        // Another file system, or one without second names.
        copy = temporaryPathBeside(`${archive}/.${name}`, "copy");
        copyFile(files, path, copy);
        source = copy;
        number--;
      }
    }
    throw new FileError("EEXIST", `${MAX_NAMES} names like ${name} are taken in the archive`);
  } finally {
    if (copy !== "") unlessGone(() => files.remove(copy));
  }
}

function copyFile(files: Files, from: string, to: string): void {
  unlessGone(() => files.remove(to)); // of a shipper that was killed
  const input = files.open(from, "read");
  try {
    const status = input.status();
    const output = files.create(to, accessLike(status));
    try {
      const block = new Uint8Array(COPY_BYTES);
      for (let at = 0; at < status.size;) {
        const read = readFully(input, block, at);
        if (read === 0) break;
        writeAll(output, block.subarray(0, read));
        at += read;
      }
      output.sync();
    } finally {
      release(output);
    }
  } finally {
    release(input);
  }
  files.syncDirectory(directoryOf(to));
}
