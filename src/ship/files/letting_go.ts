import { appendingIdentities } from "../../files/interrupted_flush.ts";
import { accessLike, type MonitoringDirectory, release, unlessGone, writeAll } from "../../files/directory.ts";
import { directoryOf, SHIPPING_DIRECTORY, temporaryPathBeside } from "../../files/names.ts";
import { type Clock, FileError, type Files, readFully } from "../../runtime.ts";
import { NANOSECONDS_PER_MS } from "../../series.ts";
import { identityNumber, type SettledFile } from "./file_table.ts";
import type { Shipper } from "../shipper.ts";
import { countedBefore } from "../../control/retention/counted_mark.ts";
import { shippedTargets } from "../../control/retention/shipped_mark.ts";
import { ShippingDirectory } from "../shipping_directory.ts";

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

/** ms until what has failed is tried again. */
const RETRY_INTERVAL = 60_000;

/**
 * Removes or archives the files of a monitoring directory that all stores have had for some time: a
 * store that is restored from a backup of a few minutes ago gets them again, and who follows the
 * directory can read them to their ends. Left alone is what is in quarantine, what was changed since
 * it was shipped, and what is not Kymo's; and everything while the directory was ever shipped to a
 * store that is none of these.
 */
export class LettingGo {
  readonly tally: LetGoTally = { files: 0, failures: 0 };
  /** Why files cannot be let go, if there is a reason. */
  lastFailure: string | undefined;
  readonly #directory: MonitoringDirectory;
  readonly #clock: Clock;
  readonly #options: LetGoOptions & { readonly targets: readonly string[] };
  /** When to try again the files that failed, monotonic ns. */
  readonly #retryAt = new Map<string, number>();

  /** For a directory that is shipped to `targets`, and whose files go to `archive` if there is one. */
  constructor(
    directory: MonitoringDirectory,
    clock: Clock,
    options: LetGoOptions & { readonly targets: readonly string[] },
  ) {
    this.#directory = directory;
    this.#clock = clock;
    this.#options = options;
  }

  /** Lets go what is due, of the files as each store has them. Does not throw: what fails is tried again. */
  run(stores: readonly Shipper[]): void {
    const [first, ...others] = stores;
    const now = this.#clock.now();
    const limit = now - this.#options.keep * NANOSECONDS_PER_MS;
    if (first === undefined || limit === -Infinity) return;
    let appending: ReadonlySet<string> | undefined;
    let isLeft: boolean | undefined;
    for (const name of first.files.settledUntil(limit)) {
      if (!first.mayLetGo(name) || (this.#retryAt.get(name) ?? 0) > now) continue;
      const isThere = (store: Shipper): boolean =>
        (store.files.settledFile(name)?.at ?? Infinity) <= limit && store.mayLetGo(name);
      if (!others.every(isThere)) continue;
      try {
        isLeft ??= this.#isLeftToOthers();
        if (isLeft) return;
        const settled = first.files.settledFile(name)!;
        if (!settled.isImmutable) appending ??= appendingIdentities(this.#directory);
        if (!this.#letGo(name, settled, settled.isImmutable ? undefined : appending)) continue;
        this.tally.files++;
        this.#retryAt.delete(name);
        if (this.#retryAt.size === 0) this.lastFailure = undefined;
        for (const store of stores) store.files.forget(name);
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
        this.tally.failures++;
        this.lastFailure = error.message;
        this.#retryAt.set(name, now + RETRY_INTERVAL * NANOSECONDS_PER_MS);
      }
    }
    for (const name of this.#retryAt.keys()) if (!first.files.wasSettled(name)) this.#retryAt.delete(name);
  }

  /** Whether the directory is shipped to another store, by another program: that must have the files too. */
  #isLeftToOthers(): boolean {
    const other = shippedTargets(this.#directory).find((id) => !this.#options.targets.includes(id));
    if (other === undefined) return false;
    const target = new ShippingDirectory(this.#directory, other).readStatus()?.target ?? other;
    this.lastFailure = `the directory is also shipped to ${target}, which must have the files too: ` +
      `ship to both by one kymo ship, or remove ${SHIPPING_DIRECTORY}/${other}`;
    return true;
  }

  /** `false` if it is another file now, or one to which rows may still be appended. */
  #letGo(name: string, { size, identity }: SettledFile, appending: ReadonlySet<string> | undefined): boolean {
    const { files } = this.#directory;
    const path = this.#directory.pathOf(name);
    const now = files.status(path);
    if (now === undefined) return true;
    if (now.size !== size || identityNumber(now.identity) !== identity) return false;
    if (appending?.has(now.identity)) return false;
    // The bridge reads files from this directory only.
    if (now.modified >= countedBefore(this.#directory, Number(this.#clock.epoch()) / NANOSECONDS_PER_MS)) return false;
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
