import { CHANNELS } from "../../series.ts";
import { ClickHouseConnection, type ConnectionOptions } from "../../stores/clickhouse/connection.ts";
import { identifier, literals } from "../../stores/clickhouse/sql.ts";
import { MAX_OTHERS, type ProgramRecords } from "../programs/program_records.ts";
import { csvBlocks } from "./csv_blocks.ts";
import type { FetchedRows } from "./fetched_rows.ts";
import { describeSeries, programsOf, rowsOf } from "./clickhouse_sql.ts";
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

/** ClickHouse, as it is read. Each question is about the rows that are there when it is asked. */
export class ClickHouseStore implements Store, StoredSeries {
  readonly name: string;
  readonly series: StoredSeries = this;
  readonly #connection: ClickHouseConnection;
  readonly #database: string;
  readonly #selection: StoredSelection;

  private constructor(options: ConnectionOptions, selection: StoredSelection) {
    this.name = options.name;
    this.#connection = new ClickHouseConnection(options);
    this.#database = options.database;
    this.#selection = selection;
  }

  /**
   * Connects.
   *
   * @throws {StoreError}
   */
  static async open(options: ConnectionOptions, selection: StoredSelection): Promise<ClickHouseStore> {
    const store = new ClickHouseStore(options, selection);
    await store.#connection.query(`SELECT 1 FROM ${identifier(options.database)}.observation LIMIT 0`);
    return store;
  }

  async fetch(into: FetchedRows): Promise<void> {
    const rows = rowsOf(this.#database, this.#selection, { withIsolates: true });
    const csv = this.#connection.stream(
      `SELECT timepoint, measurement, label, pid, isolate, channel FROM ${rows} FORMAT CSV`,
    );
    for await (const block of csvBlocks(csv)) await into.add(block);
  }

  async range(): Promise<{ readonly first: bigint; readonly last: bigint } | undefined> {
    const rows = rowsOf(this.#database, this.#selection, { withIsolates: false });
    const [[count, first, last] = []] = await this.#connection.query(
      `SELECT toString(count()), toString(min(timepoint)), toString(max(timepoint)) FROM ${rows}`,
    );
    return Number(count) > 0 ? { first: BigInt(String(first)), last: BigInt(String(last)) } : undefined;
  }

  async records(isolates: readonly string[]): Promise<ProgramRecords> {
    const from = `FROM ${identifier(this.#database)}.program FINAL WHERE record <> ''`;
    const others = `${from} AND isolate NOT IN ${literals(isolates)} AND ${programsOf(this.#selection)}`;
    const own = await this.#connection.query(`SELECT record ${from} AND isolate IN ${literals(isolates)}`);
    const more = await this.#connection.query(`SELECT record ${others} ORDER BY started DESC LIMIT ${MAX_OTHERS}`);
    const [[found] = []] = await this.#connection.query(`SELECT toString(count()) ${others}`);
    const all = [...own, ...more].map(([record]) => JSON.parse(String(record)));
    return recordsOf(this.name, all, Math.max(0, Number(found) - more.length));
  }

  async channels(): Promise<readonly string[]> {
    const rows = await this.#connection.query(
      `SELECT DISTINCT channel FROM ${this.#measured("selected")} ORDER BY channel`,
    );
    return rows.map(([channel]) => String(channel));
  }

  async firstRows(labels: "all" | "selected"): Promise<readonly FirstRow[]> {
    const rows = await this.#connection.query(
      `SELECT pid, isolate, toString(min(timepoint)) FROM ${
        this.#measured(labels, { withIsolates: true })
      } GROUP BY pid, isolate`,
    );
    return rows.map(([pid, isolate, first]) => ({
      pid: Number(pid),
      isolate: String(isolate),
      first: BigInt(String(first)),
    }));
  }

  async describe(channel: string, query: SeriesQuery): Promise<readonly DescribedSeries[]> {
    const { byProcess, quantiles } = query;
    const rows = this.#measured("selected", { withIsolates: byProcess, channel });
    const described = await this.#connection.query(describeSeries(rows, query));
    return described.map((row): DescribedSeries => {
      const [label, pid, isolate, n, m, sum, min, max, ranked, latest, first, last, bins, counts] = row;
      const count = Number(m);
      const [smallest, largest] = count === 0 ? [NaN, NaN] : [numberOf(min), numberOf(max)];
      const total = numberOf(sum);
      const isExceeded = !Number.isFinite(total) && Number.isFinite(smallest) && Number.isFinite(largest);
      const atRanks = (ranked as unknown[]).map(numberOf);
      return {
        label: String(label),
        ...byProcess ? { pid: Number(pid), isolate: String(isolate) } : {},
        rows: Number(n),
        count,
        sum: isExceeded ? NaN : total,
        min: smallest,
        max: largest,
        quantiles: quantiles.map((q, i) => quantileAt(q, count, atRanks.slice(2 * i))),
        latest: numberOf(latest),
        first: BigInt(String(first)),
        last: BigInt(String(last)),
        bins: String(bins),
        counts: String(counts),
      };
    }).sort(bySeries);
  }

  close(): Promise<void> {
    return Promise.resolve(); // each request was a connection of its own
  }

  /** The selected rows of all channels but `runtime`, or of one, as SQL that can follow FROM. */
  #measured(
    of: "all" | "selected",
    { withIsolates = false, channel }: { readonly withIsolates?: boolean; readonly channel?: string } = {},
  ): string {
    const selection = ofLabels(this.#selection, of);
    return channel === undefined
      ? rowsOf(this.#database, selection, { withIsolates, where: `channel <> '${CHANNELS.runtime}'` })
      : rowsOf(this.#database, { ...selection, channels: [channel] }, { withIsolates });
  }
}

/** A number as ClickHouse writes it: `nan`, `inf`, `-inf`, or as JavaScript does. */
function numberOf(text: unknown): number {
  const named: Readonly<Record<string, number>> = { "nan": NaN, "inf": Infinity, "-inf": -Infinity, "-nan": NaN };
  return named[String(text)] ?? Number(text);
}
