import { type MonitoringDirectory, release, unless, unlessGone, writeAll } from "../../files/directory.ts";
import { RETENTION_LEDGER } from "../../files/names.ts";
import { type FileAccess, FileError, type FileHandle } from "../../runtime.ts";
import { Ledger, LEDGER_BYTES, type LedgerBytes, memoryLedger } from "./ledger.ts";

/** Attempts to open the ledger when it keeps being taken away. */
const MAX_ATTEMPTS = 10;

/** Permission bits by which others than the owner may write. */
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Where the ledger of a directory is kept: in its file, under the lock of that. Where files cannot be
 * locked, on a full disk on which it cannot be made, and if it is another user's, this program has one
 * of its own in memory, and hears of what others write when it counts.
 */
export class LedgerFile {
  readonly #directory: MonitoringDirectory;
  readonly #report: (error: unknown) => void;
  #own: LedgerBytes | undefined;

  /** `report` is called with each failure to open the file. */
  constructor(directory: MonitoringDirectory, report: (error: unknown) => void) {
    this.#directory = directory;
    this.#report = report;
  }

  /**
   * Opens and locks the ledger for `use`, and writes its header. `"busy"` if another program holds
   * the lock.
   *
   * @throws {FileError}
   */
  use<T>(use: (ledger: Ledger) => T): T | "busy" {
    this.#directory.ensure();
    const opened = this.#tryOpen();
    if (opened === "busy") return opened;
    try {
      const ledger = new Ledger(opened === "none" ? this.#own ??= memoryLedger() : opened);
      const result = use(ledger);
      ledger.save();
      return result;
    } finally {
      if (opened !== "none") release(opened);
    }
  }

  #tryOpen(): FileHandle | "busy" | "none" {
    try {
      return this.#open();
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.#report(error);
      return "none";
    }
  }

  /** `"none"` where files cannot be locked, or the ledger is not to be trusted. */
  #open(): FileHandle | "busy" | "none" {
    const directory = this.#directory;
    const { files } = directory;
    if (!files.locks) return "none";
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const status = files.status(this.#path);
      if (status === undefined) unless("EEXIST", () => directory.createFile(this.#path))?.close();
      else if (status.kind !== "file") throw new FileError("EFTYPE", `not a regular file: ${status.kind}`);
      else if (!this.#isTrusted(status.access)) return "none";
      const handle = unlessGone(() => files.open(this.#path));
      if (handle === undefined) continue;
      let isKept = false;
      try {
        const isOurs = unlessGone(() => handle.tryLock?.() ?? false);
        if (isOurs === false) return "busy";
        if (isOurs === undefined || files.status(this.#path)?.identity !== handle.status().identity) continue;
        if (handle.status().size < LEDGER_BYTES) allocate(handle);
        isKept = true;
        return handle;
      } finally {
        if (!isKept) release(handle);
      }
    }
    throw new FileError("ESTALE", `the file was replaced ${MAX_ATTEMPTS} times in a row`);
  }

  /**
   * Whether the ledger was written by those only who may change our files anyway: by what it says,
   * files are removed.
   */
  #isTrusted({ mode, user }: Required<FileAccess>): boolean {
    const { fileAccess, user: own } = this.#directory;
    const mayWrite = mode & WRITABLE_BY_OTHERS;
    return user === own ? (mayWrite & ~fileAccess.mode) === 0 : (mayWrite & fileAccess.mode) !== 0;
  }

  get #path(): string {
    return this.#directory.pathOf(RETENTION_LEDGER);
  }
}

/** Writes all bytes of a new ledger, or of one whose program was killed before it had. */
function allocate(handle: FileHandle): void {
  let at = 0;
  const write = (bytes: Uint8Array): number => {
    const taken = handle.writeAt(bytes, at);
    at += taken;
    return taken;
  };
  writeAll({ write }, new Uint8Array(LEDGER_BYTES));
}
