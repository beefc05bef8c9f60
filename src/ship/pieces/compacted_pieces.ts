import { type CompactedFile, readCompactedFiles } from "../../analysis/compacted/compacted_files.ts";
import type { CompactedSegment } from "../../analysis/compacted/format.ts";
import { type RestoredSegment, restoreSegments } from "../../analysis/compacted/restored_segments.ts";
import { DuckDB } from "../../analysis/duckdb/duckdb.ts";
import { reason } from "../../errors.ts";
import type { MonitoringDirectory } from "../../files/directory.ts";
import { fileNameOf } from "../../files/names.ts";
import { type ByteSource, inMemory, type Runtime } from "../../runtime.ts";
import type { OpenFile, OpenFiles } from "../files/open_files.ts";
import type { ShippableFiles } from "../files/shippable_files.ts";
import type { ShippingCounts } from "../shipping_counts.ts";
import { ASKED_AT_ONCE, type FoundFile, foundFile } from "./found_file.ts";
import { coveredBytes, type Piece, type PieceEntry } from "./piece.ts";

/** Compacted files whose descriptions are in memory at once. */
const DESCRIBED_AT_ONCE = 100;

/** No row is from then on: of files outside of the time of interest only the descriptions are read. */
const NO_TIME = { from: 2n ** 63n };

/** What compacted files are shipped with. */
export interface CompactedPiecesDeps {
  readonly runtime: Runtime;
  readonly directory: MonitoringDirectory;
  readonly files: ShippableFiles;
  readonly counts: ShippingCounts;
  readonly open: OpenFiles;
  /** What the ledger has of published files, by stem, whose first rows were recorded at these times. */
  readonly entriesOf: (
    files: readonly FoundFile[],
    began: () => readonly bigint[],
  ) => Promise<ReadonlyMap<string, readonly PieceEntry[]>>;
  /** The pieces of a file that the store does not have. Where it yields a promise, that is to be awaited. */
  readonly piecesIn: (
    open: OpenFile,
    content: ByteSource,
    entries: readonly PieceEntry[],
  ) => Generator<Piece | Promise<void>, void>;
}

/**
 * The pieces of files that were compacted before they were shipped. The ledger knows rows by the file in
 * which they were published. So the published files whose rows it does not have are written again, in
 * memory and some at a time, and shipped as if they were there: also if some of them were shipped before
 * they were compacted, or if they still lie beside the compacted file.
 *
 * Needs DuckDB, which is loaded only if there is such a file.
 */
export class CompactedPieces {
  readonly #deps: CompactedPiecesDeps;
  #database: DuckDB | undefined;

  /** Reads nothing yet. */
  constructor(deps: CompactedPiecesDeps) {
    this.#deps = deps;
  }

  /**
   * The pieces of these compacted files that the store does not have.
   *
   * @throws {StoreError}
   */
  async *of(all: readonly FoundFile[]): AsyncGenerator<Piece, void> {
    try {
      for (let i = 0; i < all.length; i += DESCRIBED_AT_ONCE) {
        const some = all.slice(i, i + DESCRIBED_AT_ONCE);
        const described = await this.#read(some.map(({ name }) => name), NO_TIME);
        for (const file of some) {
          const compacted = described.find(({ name }) => name === file.name);
          if (compacted !== undefined) yield* this.#piecesOf(file, compacted);
        }
      }
    } finally {
      await this.#database?.close();
      this.#database = undefined;
    }
  }

  async *#piecesOf(file: FoundFile, compacted: CompactedFile): AsyncGenerator<Piece, void> {
    const { directory, open, entriesOf, piecesIn } = this.#deps;
    const status = directory.files.status(compacted.path);
    if (status?.identity !== compacted.identity) return; // the next look sees what it is
    const whole = open.begin(file, status);
    whole.pending++; // until all of it was looked at
    whole.isRead = true;
    const missing: CompactedSegment[] = [];
    const entries = new Map<string, readonly PieceEntry[]>();
    for (let i = 0; i < compacted.segments.length; i += ASKED_AT_ONCE) {
      const some = compacted.segments.slice(i, i + ASKED_AT_ONCE);
      const found = await entriesOf(some.map(({ name }) => foundFile(name)!), () => some.map(({ began }) => began));
      for (const segment of some) {
        const own = found.get(foundFile(segment.name)!.stem) ?? [];
        if (!isThere(segment, own)) {
          missing.push(segment);
          entries.set(segment.name, own);
        } else if (!whole.isKnown) this.#countThere(file, segment, own);
      }
    }
    const [checked] = missing.length === 0 ? [compacted] : await this.#read([file.name]);
    if (checked?.identity !== compacted.identity) return open.forget(file.name);
    let lost = 0;
    for await (const { segment, content } of this.#restore(checked, missing)) {
      const name = nameWithin(file, segment);
      if (content === undefined) {
        lost += segment.rows;
        this.#deps.counts.note({ file: name, firstRow: 0, rows: segment.rows }, "pending");
        continue;
      }
      const inner = open.begin(
        { ...foundFile(segment.name)!, name },
        { ...status, size: content.length },
        { isKnown: whole.isKnown, parent: whole },
      );
      for (const piece of piecesIn(inner, inMemory(content), entries.get(segment.name)!)) {
        if (piece instanceof Promise) await piece;
        else yield piece;
      }
    }
    if (lost > 0) {
      this.#refuse(file.name, `${lost} of its rows cannot be made out to be those that were recorded`);
      return open.forget(file.name);
    }
    whole.pending--;
    open.settleIfDone(whole);
  }

  /** Describes compacted files; those that cannot be read, or are not valid, are refused. */
  async #read(names: readonly string[], bounds?: { readonly from: bigint }): Promise<readonly CompactedFile[]> {
    const { runtime, directory, files } = this.#deps;
    try {
      this.#database ??= await DuckDB.open({ threads: 1 }, runtime, { purpose: "read compacted files" });
      return await this.#database.exclusively(async (connection) => {
        for (const name of names) files.refused.delete(name);
        const report = (path: string, why: string): void => this.#refuse(fileNameOf(path), why);
        const paths = names.map((name) => directory.pathOf(name));
        return await readCompactedFiles(paths, { connection, files: directory.files, report, ...bounds && { bounds } });
      });
    } catch (error) {
      for (const name of names) this.#refuse(name, reason(error));
      return [];
    }
  }

  /** Writes published files again. If that fails, the compacted file is refused. */
  async *#restore(
    file: CompactedFile,
    segments: readonly CompactedSegment[],
  ): AsyncGenerator<RestoredSegment, void> {
    if (segments.length === 0) return;
    const left = new Set(segments);
    try {
      const connection = await this.#database!.exclusively((connection) => Promise.resolve(connection));
      for await (const restored of restoreSegments(connection, file, segments)) {
        left.delete(restored.segment);
        yield restored;
      }
    } catch (error) {
      this.#refuse(file.name, reason(error));
      for (const segment of left) yield { segment, content: undefined };
    }
  }

  #countThere(file: FoundFile, segment: CompactedSegment, entries: readonly PieceEntry[]): void {
    const name = nameWithin(file, segment);
    for (const entry of entries) this.#deps.counts.note({ ...entry, file: name }, "already");
  }

  #refuse(name: string, why: string): void {
    this.#deps.files.refused.set(name, `it was compacted before it was shipped: ${why}`);
  }
}

/** Whether the ledger has all of a published file. */
function isThere({ size, digest }: CompactedSegment, entries: readonly PieceEntry[]): boolean {
  const covered = coveredBytes(entries);
  if (covered !== size) return covered > size; // a power cut left less of it
  return entries.length > 1 || entries[0]!.sha256.startsWith(digest);
}

/** What a published file is called within the compacted file that has its rows. */
function nameWithin({ name }: FoundFile, segment: CompactedSegment): string {
  return `${name}/${segment.name}`;
}
