import { CHANNELS } from "../../series.ts";
import type { Fields } from "../../small_json.ts";
import { Connection, type ConnectionOptions, type SqlRow } from "../../stores/postgres/connection.ts";
import { identifier } from "../../stores/postgres/schema.ts";
import { MAX_OTHERS, type ProgramRecords } from "../programs/program_records.ts";
import type { FetchedRows } from "./fetched_rows.ts";
import { describeSeries, HUGE_DIVISOR, programsOf, ranked, rowsOf } from "./postgres_sql.ts";
import { bySeries, quantileAt, recordsOf } from "./results.ts";
import {
  type DescribedSeries,
  type FirstRow,
  ofLabels,
  type SeriesQuery,
  type Store,
  type StoredSelection,
  type StoredSeries,
} from "./store.ts";

/** The rows are those that were there when it was opened. */
const SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL extra_float_digits = 1; " +
  "SET LOCAL intervalstyle = postgres; SET LOCAL datestyle = ISO";

/** PostgreSQL, with or without TimescaleDB, as it is read. */
export class PostgresStore implements Store, StoredSeries {
  readonly name: string;
  readonly series: StoredSeries = this;
  readonly #connection: Connection;
  readonly #schema: string;
  readonly #selection: StoredSelection;

  private constructor(name: string, connection: Connection, schema: string, selection: StoredSelection) {
    this.name = name;
    this.#connection = connection;
    this.#schema = schema;
    this.#selection = selection;
  }

  /**
   * Connects, and begins to read.
   *
   * @throws {KymoError} `"missing-package"` without `pg`.
   * @throws {StoreError}
   */
  static async open(
    { schema, ...options }: ConnectionOptions & { readonly schema: string },
    selection: StoredSelection,
  ): Promise<PostgresStore> {
    const connection = await Connection.open(options);
    try {
      await connection.query(SNAPSHOT);
      return new PostgresStore(options.name, connection, schema, selection);
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  async fetch(into: FetchedRows): Promise<void> {
    const rows = rowsOf(this.#schema, this.#selection, { withIsolates: true });
    const columns = "timepoint, measurement, label, pid, isolate, channel";
    for await (
      const block of this.#connection.copyOut(`COPY (SELECT ${columns} FROM (${rows}) AS r) TO STDOUT (FORMAT csv)`)
    ) await into.add(block);
  }

  async range(): Promise<{ readonly first: bigint; readonly last: bigint } | undefined> {
    const rows = rowsOf(this.#schema, this.#selection, { withIsolates: false });
    const [found] = await this.#connection.query(
      `SELECT min(timepoint)::text AS first, max(timepoint)::text AS last FROM (${rows}) AS r`,
    );
    const { first, last } = found ?? {};
    return typeof first === "string" && typeof last === "string"
      ? { first: BigInt(first), last: BigInt(last) }
      : undefined;
  }

  async records(isolates: readonly string[]): Promise<ProgramRecords> {
    const from = `FROM ${identifier(this.#schema)}.program WHERE record IS NOT NULL`;
    const others = `${from} AND NOT isolate = ANY($1) AND ${programsOf(this.#selection)}`;
    const own = await this.#connection.query(`SELECT record ${from} AND isolate = ANY($1)`, [isolates]);
    const more = await this.#connection.query(
      `SELECT record, count(*) OVER () AS found ${others} ORDER BY started DESC, id LIMIT ${MAX_OTHERS}`,
      [isolates],
    );
    const all = [...own, ...more].map(({ record }) => record as Fields);
    return recordsOf(this.name, all, Number(more[0]?.found ?? 0) - more.length);
  }

  async channels(): Promise<readonly string[]> {
    const rows = await this.#connection.query(
      `SELECT DISTINCT channel FROM (${this.#measured("selected")}) AS r ORDER BY channel`,
    );
    return rows.map(({ channel }) => String(channel));
  }

  async firstRows(labels: "all" | "selected"): Promise<readonly FirstRow[]> {
    const rows = await this.#connection.query(
      `SELECT pid, isolate, min(timepoint)::text AS first FROM (${
        this.#measured(labels, { withIsolates: true })
      }) AS r GROUP BY pid, isolate`,
    );
    return rows.map((row) => ({ ...processOf(row), first: BigInt(row.first as string) }));
  }

  async describe(channel: string, query: SeriesQuery): Promise<readonly DescribedSeries[]> {
    const { byProcess, quantiles } = query;
    const rows = this.#measured("selected", { withIsolates: byProcess, channel });
    const keyOf = (row: SqlRow): string => JSON.stringify([row.label, row.pid, row.isolate]);
    const described = await this.#connection.query(describeSeries(rows, query));
    const atRanks = new Map<string, readonly number[]>();
    if (quantiles.length > 0) {
      for (const row of await this.#connection.query(ranked(rows, query))) {
        atRanks.set(keyOf(row), row.ranked as readonly number[]);
      }
    }
    return described.map((row): DescribedSeries => ({
      label: String(row.label),
      ...byProcess ? processOf(row) : {},
      rows: Number(row.rows),
      count: Number(row.count),
      sum: sumOf(row),
      min: numberOr(row.min, NaN),
      max: numberOr(row.max, NaN),
      quantiles: quantiles.map((q, i) => quantileAt(q, Number(row.count), atRanks.get(keyOf(row))?.slice(2 * i))),
      latest: numberOr(row.latest, NaN),
      first: BigInt(row.first as string),
      last: BigInt(row.last as string),
      bins: String(row.bins),
      counts: String(row.counts),
    })).sort(bySeries);
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  /** The selected rows of all channels but `runtime`, or of one. */
  #measured(
    of: "all" | "selected",
    { withIsolates = false, channel }: { readonly withIsolates?: boolean; readonly channel?: string } = {},
  ): string {
    const selection = ofLabels(this.#selection, of);
    return channel === undefined
      ? rowsOf(this.#schema, selection, { withIsolates, where: `o.channel <> '${CHANNELS.runtime}'` })
      : rowsOf(this.#schema, { ...selection, channels: [channel] }, { withIsolates });
  }
}

function processOf(row: SqlRow): { readonly pid: number; readonly isolate: string } {
  return { pid: Number(row.pid), isolate: String(row.isolate) };
}

function numberOr(value: unknown, otherwise: number): number {
  return value === null ? otherwise : Number(value);
}

/** The sum of what was added apart, since PostgreSQL fails where a double is exceeded. */
function sumOf({ sum, huge, up, down }: SqlRow): number {
  if (up === true || down === true) return up === down ? NaN : up === true ? Infinity : -Infinity;
  const total = Number(sum) + Number(huge) * HUGE_DIVISOR;
  return Number.isFinite(total) ? total : NaN;
}
