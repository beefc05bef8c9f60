/**
 * What shippers keep in a monitoring directory:
 *
 * | file                                 | content                                                              |
 * | ------------------------------------ | -------------------------------------------------------------------- |
 * | `.ship/source`                       | the id of the directory, made once; it goes along when that is moved |
 * | `.ship/<target>/lock`                | locked by the one shipper of this directory to this target           |
 * | `.ship/<target>/journal`             | for a store without transactions: see `batches/journal.ts`           |
 * | `.ship/<target>/status.json`         | what that has done: see `shipping_status.ts`                         |
 * | `.ship/<target>/shipped`             | for who removes files: see `control/retention/shipped_mark.ts`       |
 * | `.ship/<target>/quarantine/<n>.json` | a piece that the store refused, and why                              |
 *
 * `<target>` is the first 12 hexadecimal digits of a digest of the store's address without user and
 * password, so that a changed password is the same target.
 *
 * What is shipped is known by the store alone, in whose ledger it is noted: in the transaction of the
 * rows, or where there are none with the help of the journal. If all of this is deleted, nothing is shipped twice as long as `source` stays.
 *
 * @module
 */

import { replaceFileAt } from "../files/atomic_file.ts";
import {
  accessInDirectory,
  accessOfDirectory,
  type MonitoringDirectory,
  release,
  unlessGone,
  writeAll,
} from "../files/directory.ts";
import { takeLock } from "../control/lock_file.ts";
import { shippedSince, shippingLockPath, shippingPath, writeShippedMark } from "../control/retention/shipped_mark.ts";
import { SHIPPING_DIRECTORY, temporaryPathBeside } from "../files/names.ts";
import { readSmallFile } from "../files/regular_file.ts";
import { failure, type Result } from "../result.ts";
import { type FileAccess, FileError, type FileHandle } from "../runtime.ts";
import { count, encodeFields, parseFields, text } from "../small_json.ts";
import type { PieceEntry } from "./pieces/piece.ts";

const SOURCE = /^[0-9a-f]{32}$/;
const MAX_QUARANTINE_BYTES = 16 * 1024;
const MAX_STATUS_BYTES = 64 * 1024;

/** A piece that a store refused. */
export interface Quarantined extends Pick<PieceEntry, "stem" | "firstRow" | "rows" | "sha256"> {
  readonly file: string;
  /** The store's code of the error, or Kymo's. */
  readonly code: string;
  readonly reason: string;
  /** ns since 1970. */
  readonly at: bigint;
}

/** The part of a monitoring directory that belongs to the shippers to one target. */
export class ShippingDirectory {
  readonly #directory: MonitoringDirectory;
  readonly #target: string;
  readonly #path: string;
  /** What was read of the quarantine, by path. */
  #known: ReadonlyMap<string, Quarantined> = new Map();

  /** Makes nothing yet. */
  constructor(directory: MonitoringDirectory, target: string) {
    this.#directory = directory;
    this.#target = target;
    this.#path = shippingPath(directory, target);
  }

  /**
   * Makes the directories, unless they are there.
   *
   * @throws {FileError}
   */
  make(): void {
    const { files, path: root } = this.#directory;
    for (const path of [this.#directory.pathOf(SHIPPING_DIRECTORY), this.#path, this.#quarantine]) {
      if (files.status(path) === undefined) files.ensureDirectory(path, accessOfDirectory(files, root));
    }
  }

  /**
   * The id of the monitoring directory, 32 hexadecimal digits; made if there is none.
   *
   * @throws {FileError} also if the file has something else.
   */
  source(): string {
    const { files } = this.#directory;
    const path = this.#sourcePath;
    for (;;) {
      const known = this.knownSource();
      if (known !== undefined) return known;
      const id = crypto.randomUUID().replaceAll("-", "");
      const temporary = temporaryPathBeside(path, id);
      const handle = files.create(temporary, this.#access());
      try {
        writeAll(handle, new TextEncoder().encode(`${id}\n`));
        handle.sync();
        files.link(temporary, path);
      } catch (error) {
        if (!(error instanceof FileError && error.code === "EEXIST")) throw error;
      } finally {
        release(handle);
        unlessGone(() => files.remove(temporary));
      }
    }
  }

  /**
   * The id of the monitoring directory; `undefined` if it was never shipped.
   *
   * @throws {FileError} also if the file has something else.
   */
  knownSource(): string | undefined {
    const path = this.#sourcePath;
    const there = unlessGone(() => readSmallFile(this.#directory.files, path, 64));
    if (there === undefined || !there.ok && there.kind === "gone") return undefined;
    const id = there.ok ? new TextDecoder().decode(there.value).trim() : "";
    if (SOURCE.test(id)) return id;
    throw new FileError("EFTYPE", `${path} has no id of 32 hexadecimal digits`);
  }

  /**
   * Takes the lock of the shipper to this target, which is given back when the handle is closed or the
   * process ends.
   *
   * @throws {FileError}
   */
  lock(): Result<FileHandle, "locked" | "unsupported"> {
    const locked = takeLock(
      this.#directory.files,
      shippingLockPath(this.#directory, this.#target),
      () => this.#access(),
    );
    return !locked.ok && locked.kind === "locked"
      ? failure("locked", "another program ships it to this target")
      : locked;
  }

  /**
   * When the directory was first shipped to this target, ms since 1970.
   *
   * @throws {FileError}
   */
  get since(): number {
    return shippedSince(this.#directory, this.#target);
  }

  /** The path of the journal of a store without transactions. */
  get journal(): string {
    return `${this.#path}/journal`;
  }

  /** The pieces in quarantine, each of which is read once. What cannot be read is left out. */
  quarantined(): Quarantined[] {
    const known = new Map<string, Quarantined>();
    for (const path of this.#quarantineFiles()) {
      const piece = this.#known.get(path) ?? this.#readQuarantined(path);
      if (piece !== undefined) known.set(path, piece);
    }
    this.#known = known;
    return [...known.values()];
  }

  /**
   * Puts a piece into quarantine: it is not shipped until it is taken out.
   *
   * @throws {FileError}
   */
  quarantine(piece: Quarantined): void {
    const path = `${this.#quarantine}/${piece.sha256.slice(0, 16)}-${piece.firstRow}.json`;
    this.#replace(path, encodeFields(piece));
  }

  /**
   * Takes all pieces out of quarantine, and returns how many there were.
   *
   * @throws {FileError}
   */
  release(): number {
    const paths = this.#quarantineFiles();
    for (const path of paths) unlessGone(() => this.#directory.files.remove(path));
    return paths.length;
  }

  /**
   * Replaces the status of the shipper.
   *
   * @throws {FileError}
   */
  writeStatus(status: object): void {
    this.#replace(`${this.#path}/status.json`, encodeFields(status));
  }

  /**
   * Tells those who remove files that all that were changed last before `time`, ms since 1970, are in
   * the store.
   *
   * @throws {FileError}
   */
  markShipped(time: number): void {
    writeShippedMark(this.#directory, this.#target, time, this.#access());
  }

  /** The status that the shipper wrote last; `undefined` if there is none. */
  readStatus(): Readonly<Record<string, unknown>> | undefined {
    const bytes = unlessGone(() => readSmallFile(this.#directory.files, `${this.#path}/status.json`, MAX_STATUS_BYTES));
    const fields = bytes?.ok ? parseFields(bytes.value) : undefined;
    return fields?.ok ? fields.value : undefined;
  }

  get #sourcePath(): string {
    return `${this.#directory.pathOf(SHIPPING_DIRECTORY)}/source`;
  }

  get #quarantine(): string {
    return `${this.#path}/quarantine`;
  }

  #quarantineFiles(): string[] {
    const names = unlessGone(() => this.#directory.files.list(this.#quarantine)) ?? [];
    return names.filter((name) => name.endsWith(".json")).sort().map((name) => `${this.#quarantine}/${name}`);
  }

  #readQuarantined(path: string): Quarantined | undefined {
    const bytes = unlessGone(() => readSmallFile(this.#directory.files, path, MAX_QUARANTINE_BYTES));
    const parsed = bytes?.ok ? parseFields(bytes.value) : undefined;
    if (!parsed?.ok) return undefined;
    const { value: fields } = parsed;
    const { stem, file, sha256, at } = fields;
    if (typeof stem !== "string" || typeof file !== "string" || typeof sha256 !== "string") return undefined;
    return {
      stem,
      file,
      sha256,
      firstRow: count(fields.firstRow) ?? 0,
      rows: count(fields.rows) ?? 0,
      code: text(fields.code) ?? "",
      reason: text(fields.reason) ?? "",
      at: typeof at === "string" && /^\d{1,19}$/.test(at) ? BigInt(at) : 0n,
    };
  }

  #replace(path: string, bytes: Uint8Array): void {
    replaceFileAt(this.#directory, path, temporaryPathBeside(path, "new"), bytes, this.#access());
  }

  /** Whoever may write to the monitoring directory may ship it. */
  #access(): FileAccess | undefined {
    return accessInDirectory(this.#directory.files, this.#directory.path);
  }
}
