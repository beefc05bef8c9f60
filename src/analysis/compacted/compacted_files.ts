import type { DuckDBConnection } from "@duckdb/node-api";
import { reason } from "../../errors.ts";
import { release } from "../../files/directory.ts";
import { fileNameOf, parseCompactedFileName } from "../../files/names.ts";
import { failure, type Result, success } from "../../result.ts";
import { type Files, readFully, unlessMissing } from "../../runtime.ts";
import { pathList } from "../duckdb/sql.ts";
import {
  type CompactedMetadata,
  digestOfFile,
  MAX_COMPACTED_BYTES,
  MAX_FOOTER_BYTES,
  METADATA_KEY,
  PARQUET_COLUMNS,
  parseMetadata,
} from "./format.ts";

/** A compacted file that is valid, as far as its parts were checked that are to be read. */
export interface CompactedFile extends CompactedMetadata {
  /** Its path. */
  readonly path: string;
  /** Its name. */
  readonly name: string;
  /** The channel of its rows. */
  readonly channel: string;
  /** Its size, bytes. */
  readonly size: number;
  /** Which file it is, to see whether another one has taken its name since. */
  readonly identity: string;
  /** Whether its measurements are decimals. */
  readonly hasDecimals: boolean;
  /** The SHA-256 of its bytes; `undefined` if it lies outside of the time of interest. */
  readonly sha256: string | undefined;
}

/** What {@linkcode readCompactedFiles} depends on. */
export interface CompactedDeps {
  readonly connection: DuckDBConnection;
  readonly files: Files;
  /** The time of interest. Of files outside of it the rows are not checked. */
  readonly bounds?: { readonly from?: bigint; readonly to?: bigint };
  /** Called with each file that is left out, and why. */
  readonly report: (path: string, reason: string) => void;
}

/** Files that are described with one query. */
const BATCH = 1_000;

/**
 * Reads and checks compacted files, given by their paths. Files that are gone are left out without
 * a word. Does not throw.
 */
export async function readCompactedFiles(paths: readonly string[], deps: CompactedDeps): Promise<CompactedFile[]> {
  const found: CompactedFile[] = [];
  const plausible = paths.filter((path) => hasFooter(path, deps));
  for (let i = 0; i < plausible.length; i += BATCH) found.push(...await describe(plausible.slice(i, i + BATCH), deps));
  const { from, to } = deps.bounds ?? {};
  const checked: CompactedFile[] = [];
  for (const file of found) {
    const isOutside = from !== undefined && file.last < from || to !== undefined && file.first >= to;
    if (isOutside) checked.push(file);
    else {
      const sha256 = await checkDigest(file, deps);
      if (sha256 !== undefined) checked.push({ ...file, sha256 });
    }
  }
  return await checkRows(checked, deps);
}

/** Whether a file ends as Parquet does; reports it if not. Keeps DuckDB from reading huge footers. */
function hasFooter(path: string, { files, report }: CompactedDeps): boolean {
  try {
    const status = unlessMissing(() => files.status(path));
    if (status === undefined) return false;
    if (status.kind !== "file") return refuse("it is no regular file");
    if (status.size > MAX_COMPACTED_BYTES) return refuse("it is larger than Kymo's own");
    const handle = unlessMissing(() => files.open(path, "read"));
    if (handle === undefined) return false;
    try {
      const end = new Uint8Array(8);
      if (readFully(handle, end, Math.max(0, status.size - 8)) < 8) return refuse("it is no Parquet");
      const length = new DataView(end.buffer).getUint32(0, true);
      const isParquet = String.fromCharCode(...end.subarray(4)) === "PAR1" && length + 12 <= status.size;
      return !isParquet
        ? refuse("it is no Parquet, or damaged")
        : length > MAX_FOOTER_BYTES
        ? refuse("its description is larger than Kymo's own")
        : true;
    } finally {
      release(handle);
    }
  } catch (error) {
    return refuse(reason(error));
  }

  function refuse(why: string): false {
    report(path, why);
    return false;
  }
}

/** Describes files by their footers. One that DuckDB cannot read must not hide the others. */
async function describe(paths: readonly string[], deps: CompactedDeps): Promise<CompactedFile[]> {
  if (paths.length === 0) return [];
  try {
    const footers = await readFooters(paths, deps.connection);
    return paths.flatMap((path) => {
      const file = toFile(path, footers.get(path), deps);
      if (!file.ok) deps.report(path, file.reason);
      return file.ok ? [file.value] : [];
    });
  } catch (error) {
    if (paths.length === 1) {
      if (unlessGone(deps, paths[0]!)) deps.report(paths[0]!, `it is damaged: ${firstLine(error)}`);
      return [];
    }
    const half = paths.length >> 1;
    return [...await describe(paths.slice(0, half), deps), ...await describe(paths.slice(half), deps)];
  }
}

/** What a footer says. */
interface Footer {
  rows: number;
  readonly columns: [name: string, type: string][];
  metadata: string | undefined;
}

async function readFooters(paths: readonly string[], connection: DuckDBConnection): Promise<Map<string, Footer>> {
  const list = pathList(paths);
  const query = async (sql: string): Promise<unknown[][]> => (await connection.runAndReadAll(sql)).getRowsJS();
  const footers = new Map<string, Footer>();
  for (const [path, rows] of await query(`SELECT file_name, num_rows FROM parquet_file_metadata(${list})`)) {
    footers.set(path as string, { rows: Number(rows), columns: [], metadata: undefined });
  }
  // The root of the schema has no type.
  const columns = `SELECT file_name, name, duckdb_type FROM parquet_schema(${list}) WHERE num_children IS NULL`;
  for (const [path, name, type] of await query(columns)) {
    footers.get(path as string)?.columns.push([name as string, String(type)]);
  }
  const metadata =
    `SELECT file_name, decode(value) FROM parquet_kv_metadata(${list}) WHERE decode(key) = '${METADATA_KEY}'`;
  for (const [path, text] of await query(metadata)) {
    const footer = footers.get(path as string);
    if (footer !== undefined) footer.metadata ??= text as string;
  }
  return footers;
}

function toFile(
  path: string,
  footer: Footer | undefined,
  { files }: CompactedDeps,
): Result<CompactedFile, "invalid"> {
  const name = fileNameOf(path);
  const channel = parseCompactedFileName(name)?.channel;
  const status = files.status(path);
  if (footer === undefined || channel === undefined || status === undefined) return failure("invalid", "it is gone");
  const { rows, columns, metadata } = footer;
  if (metadata === undefined) return failure("invalid", "Kymo has not written it");
  const isOurs = columns.length === PARQUET_COLUMNS.length &&
    PARQUET_COLUMNS.every(([name, types], i) => columns[i]![0] === name && types.includes(columns[i]![1]));
  if (!isOurs) return failure("invalid", "it has other columns than Kymo writes");
  const parsed = parseMetadata(metadata);
  if (!parsed.ok) return parsed;
  if (parsed.value.rows !== rows) return failure("invalid", "its inputs have another number of rows");
  const { size, identity } = status;
  const hasDecimals = columns[1]![1] !== "DOUBLE";
  return success({ ...parsed.value, path, name, channel, size, identity, hasDecimals, sha256: undefined });
}

/** The digest of a file, if it begins with that in its name. */
async function checkDigest({ path, name, size }: CompactedFile, deps: CompactedDeps): Promise<string | undefined> {
  try {
    const sha256 = await digestOfFile(deps.files, path, size);
    const { digest = "" } = parseCompactedFileName(name) ?? {};
    if (sha256?.startsWith(digest)) return sha256;
    deps.report(path, "it is damaged: its digest is not that in its name");
  } catch (error) {
    if (unlessGone(deps, path)) deps.report(path, reason(error));
  }
  return undefined;
}

/**
 * Leaves out files whose rows are not those of a recording: a digest shows that nothing has changed,
 * not that Kymo has written it.
 */
async function checkRows(all: readonly CompactedFile[], deps: CompactedDeps): Promise<CompactedFile[]> {
  const bad = new Set<CompactedFile>();
  for (const group of Map.groupBy(all.filter(({ sha256 }) => sha256 !== undefined), partKey).values()) {
    for (let i = 0; i < group.length; i += BATCH) {
      const batch = group.slice(i, i + BATCH);
      for (const file of await badAmong(batch, deps)) bad.add(file);
    }
  }
  return all.filter((file) => !bad.has(file));
}

/** Files with the same key can be read together. */
export function partKey({ hasDecimals }: Pick<CompactedFile, "hasDecimals">): string {
  return hasDecimals ? "decimals" : "doubles";
}

async function badAmong(some: readonly CompactedFile[], deps: CompactedDeps): Promise<CompactedFile[]> {
  try {
    const result = await deps.connection.runAndReadAll(`
      SELECT filename, count(*) FILTER (WHERE ${IS_ROW}), min(Timepoint), max(Timepoint)
      FROM read_parquet(${pathList(some.map(({ path }) => path))}, filename = true, hive_partitioning = false)
      GROUP BY filename`);
    const found = new Map(result.getRowsJS().map(([path, ...numbers]) => [path as string, numbers.map(String)]));
    return some.filter((file) => {
      const [rows, first, last] = found.get(file.path) ?? ["0"];
      const isSound = file.rows === Number(rows) &&
        (file.rows === 0 || first === String(file.first) && last === String(file.last));
      if (!isSound) deps.report(file.path, "its rows are not those of a recording");
      return !isSound;
    });
  } catch (error) {
    if (some.length === 1) {
      if (unlessGone(deps, some[0]!.path)) deps.report(some[0]!.path, `it is damaged: ${firstLine(error)}`);
      return [...some];
    }
    const half = some.length >> 1;
    return [...await badAmong(some.slice(0, half), deps), ...await badAmong(some.slice(half), deps)];
  }
}

/** SQL of what holds for each row. */
const IS_ROW = "Timepoint IS NOT NULL AND Measurement IS NOT NULL AND Label IS NOT NULL AND PID >= 0 " +
  "AND regexp_full_match(Isolate, '([0-9a-f]{8})?') AND Sequence >= 0 AND Shift IS NOT NULL";

/** Whether there is still something at a path. */
function unlessGone({ files }: CompactedDeps, path: string): boolean {
  try {
    return files.status(path) !== undefined;
  } catch {
    return true;
  }
}

function firstLine(error: unknown): string {
  return reason(error).split("\n", 1)[0]!;
}
