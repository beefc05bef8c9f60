import type { DuckDBConnection } from "@duckdb/node-api";
import { type CompactedFile, readCompactedFiles } from "../analysis/compacted/compacted_files.ts";
import { DuckDB } from "../analysis/duckdb/duckdb.ts";
import { literal, pathList } from "../analysis/duckdb/sql.ts";
import { KymoError } from "../errors.ts";
import type { MonitoringDirectory } from "../files/directory.ts";
import { parseSegmentFileName, processKey } from "../files/names.ts";
import type { Runtime } from "../runtime.ts";
import { NANOSECONDS_PER_SECOND } from "../series.ts";
import type { RowTaker } from "./directory_rows.ts";
import type { KnownProgram, KnownPrograms } from "./programs.ts";

/** ns after which a compacted file is forgotten that is not there any more. */
const MEMORY = 86_400 * NANOSECONDS_PER_SECOND;

/** What {@linkcode CompactedRows} depends on. */
export interface CompactedRowsDeps {
  readonly runtime: Runtime;
  readonly directory: MonitoringDirectory;
  readonly programs: KnownPrograms;
  readonly take: RowTaker;
}

/** What is not counted yet of the rows of a program in a compacted file. */
interface Missing {
  readonly program: KnownProgram;
  /** Rows of its segments that are inputs, and those of them that were not counted. */
  named: number;
  missing: number;
}

/**
 * The rows of compacted files that were not counted when they were in files of their own: because
 * nothing was running then, or not yet.
 *
 * A compacted file names its inputs with their rows, so that it is known how many rows of a program are
 * missing. If not all, these are taken to be the latest ones: so they are if the bridge was not running
 * for a time. DuckDB is loaded only when there is a compacted file that was not looked at.
 */
export class CompactedRows {
  readonly #deps: CompactedRowsDeps;
  /** Compacted files whose rows are counted, also as inputs of others; when each was last there, ns. */
  readonly #done = new Map<string, number>();
  /** Files of which it cannot be told which rows were counted, or that cannot be read. */
  readonly #left = new Set<string>();
  /** Whether nothing was ever counted before this look. */
  #isFirst = true;
  #cannotRead = false;

  constructor(deps: CompactedRowsDeps) {
    this.#deps = deps;
  }

  /** Compacted files in the directory whose rows are not all counted. */
  get uncounted(): number {
    return this.#left.size;
  }

  /** Counts what is missing of the compacted files of these names. */
  async look(names: ReadonlySet<string>): Promise<void> {
    const now = Number(this.#deps.runtime.clock.epoch());
    for (const name of this.#left) if (!names.has(name)) this.#left.delete(name);
    const fresh = [...names].filter((name) => !this.#done.has(name) && !this.#left.has(name));
    if (fresh.length > 0) await this.#read(fresh.sort(), now);
    this.#isFirst = false;
    for (const [name, seen] of this.#done) {
      if (names.has(name)) this.#done.set(name, now);
      else if (now - seen > MEMORY) this.#done.delete(name);
    }
  }

  async #read(names: readonly string[], now: number): Promise<void> {
    const { runtime, directory } = this.#deps;
    for (const name of names) this.#left.add(name);
    if (this.#cannotRead) return;
    let db: DuckDB | undefined;
    try {
      const opened = db = await DuckDB.open({ threads: 1 }, runtime, { purpose: "count compacted files" });
      await opened.exclusively(async (connection) => {
        const paths = names.map((name) => directory.pathOf(name));
        const files = await readCompactedFiles(paths, { connection, files: runtime.files, report: () => {} });
        // An input may still lie beside the file that has its rows.
        for (const file of files) if (!this.#done.has(file.name)) await this.#count(file, connection, now);
      });
    } catch (error) {
      if (error instanceof KymoError) this.#cannotRead = error.code === "missing-package";
    } finally {
      db?.close();
    }
  }

  async #count(file: CompactedFile, connection: DuckDBConnection, now: number): Promise<void> {
    const { programs } = this.#deps;
    const owners = new Map<string, Missing>();
    const nested: string[] = [];
    for (const { name, rows } of file.inputs) {
      const segment = parseSegmentFileName(name);
      if (segment === undefined) {
        nested.push(name);
        continue;
      }
      const program = programs.get(segment.owner);
      const counted = Math.min(rows, program.position(file.channel).counted(segment.sequence));
      let owner = owners.get(program.key);
      if (owner === undefined) owners.set(program.key, owner = { program, named: 0, missing: 0 });
      owner.named += rows;
      owner.missing += rows - counted;
    }
    const known = nested.filter((name) => this.#done.has(name));
    const isUnknown = known.length < nested.length;
    // Of inputs that were compacted before, and that nobody has looked at, it is not told what they had.
    if (isUnknown && (!this.#isFirst || known.length > 0)) return;
    const someMissing = isUnknown || [...owners.values()].some(({ missing }) => missing > 0);
    if (someMissing) await this.#takeMissing(file, owners, isUnknown, connection);
    for (const { name } of file.inputs) {
      const segment = parseSegmentFileName(name);
      if (segment === undefined) this.#done.set(name, now);
      else programs.get(segment.owner).position(file.channel).noteWhole(segment.sequence);
    }
    this.#done.set(file.name, now);
    this.#left.delete(file.name);
  }

  async #takeMissing(
    { path, channel }: CompactedFile,
    owners: ReadonlyMap<string, Missing>,
    isNestedMissing: boolean,
    connection: DuckDBConnection,
  ): Promise<void> {
    const { programs, take } = this.#deps;
    const from = `read_parquet(${pathList([path])}, hive_partitioning = false)`;
    const counts = await connection.runAndReadAll(
      `SELECT PID::DOUBLE, Isolate, count(*)::DOUBLE FROM ${from} GROUP BY ALL`,
    );
    for (const [pid, isolate, rows] of counts.getRowsJS() as [number, string, number][]) {
      const owner = owners.get(processKey({ pid, isolate }));
      const nested = isNestedMissing ? rows - (owner?.named ?? 0) : 0;
      const missing = (owner?.missing ?? 0) + nested;
      if (missing <= 0) continue;
      const program = owner?.program ?? programs.get({ pid, isolate });
      const result = await connection.stream(
        `SELECT Label, Measurement::DOUBLE, Timepoint::DOUBLE FROM ${from}
          WHERE PID = ${pid} AND Isolate = ${literal(isolate)}
          ORDER BY Timepoint DESC LIMIT ${missing}`,
      );
      for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0;) {
        for (const [label, value, time] of chunk.getRows() as [string, number, number][]) {
          take({ channel, pid, program }, label, value, time);
        }
        chunk = await result.fetchChunk();
      }
    }
  }

  /** As it is stored. */
  get stored(): unknown {
    return [...this.#done];
  }

  /** Takes what was stored; `false` if it is none. */
  restore(value: unknown): boolean {
    if (!Array.isArray(value)) return false;
    this.#isFirst = false;
    for (const entry of value) {
      const [name, seen] = Array.isArray(entry) ? entry : [];
      if (typeof name !== "string" || typeof seen !== "number") return false;
      this.#done.set(name, seen);
    }
    return true;
  }
}
