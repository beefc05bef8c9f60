import { checkGiven, isOneOf, isWholeNumber } from "../../options.ts";
import { literal } from "../duckdb/sql.ts";
import { isLabels, type Selection } from "../frames/selection.ts";
import type { TelemetryDB } from "../frames/telemetry_db.ts";
import { CHANNELS, DURATION_CHANNELS } from "../../series.ts";
import { type Overlap, readOverlaps, START, TIMED, type TimedSample } from "./overlaps.ts";

/** Options of {@linkcode slowest}. */
export interface SlowestOptions {
  /**
   * Labels or patterns of labels, as in `where`; they may be those of outgoing requests.
   *
   * @default all durations but outgoing requests, and streams, which last as long as their clients want
   */
  readonly labels?: string | readonly string[];
  /**
   * How many samples, from 1 to 1,000.
   *
   * @default 10
   */
  readonly count?: number;
  /**
   * Whether `count` is of each label, or of all labels together.
   *
   * @default "all"
   */
  readonly of?: "all" | "each";
  /**
   * For each sample at most so many overlaps of each kind, those with the most time, from 1 to 10,000.
   *
   * @default 100
   */
  readonly overlaps?: number;
  /** Processes and time range. Default: all. */
  readonly within?: Omit<Selection, "labels">;
}

/** A slow sample, and what overlapped it. */
export interface SlowSample extends TimedSample {
  /** Seconds. */
  readonly duration: number;
  /** What overlapped it, the longest first. */
  readonly overlaps: readonly Overlap[];
}

/**
 * The slowest samples of some labels, the slowest first: when, which process, and which blocks,
 * outgoing requests, event-loop lags and pauses for garbage collection overlapped each of them, and
 * for how long. What overlapped a sample need not be why it was slow.
 *
 * It makes two passes over the durations. Isolates of one process count together where the files do
 * not tell them apart.
 *
 * @throws {KymoError} `invalid-argument`, if an option is wrong.
 *
 * @example
 * ```ts
 * import { slowest, TelemetryDB } from "@kymo/kymo/analysis";
 * import { assertEquals } from "@std/assert";
 * import { mkdirSync, rmSync, writeFileSync } from "node:fs";
 *
 * mkdirSync("_slowest");
 * writeFileSync(
 *   "_slowest/duration.1.csv",
 *   "Timepoint,Measurement,Label,PID\r\n" +
 *     "1700000000100000000,0.1,/orders [GET],42\r\n" +
 *     "1700000001350000000,0.3,render,42\r\n" +
 *     "1700000001400000000,0.4,/orders [GET],42\r\n",
 * );
 * {
 *   await using db = await TelemetryDB.open("_slowest");
 *   const [worst] = await slowest(db, { labels: "/orders*", count: 1 });
 *   assertEquals([worst?.start, worst?.duration, worst?.pid], [1700000001000000000n, 0.4, 42]);
 *   // It rendered for 0.3 of its 0.4 s:
 *   assertEquals(worst?.overlaps, [{ kind: "duration", label: "render", position: "within", count: 1, time: 0.3 }]);
 * }
 * rmSync("_slowest", { recursive: true });
 * ```
 */
export async function slowest(db: TelemetryDB, options: SlowestOptions = {}): Promise<SlowSample[]> {
  const { labels, count = 10, of = "all", overlaps = 100, within = {} } = checkGiven<SlowestOptions>(
    "Cannot find the slowest",
    options,
    {
      labels: isLabels,
      count: isWholeNumber(1, 1_000),
      of: isOneOf("all", "each"),
      overlaps: isWholeNumber(1, 10_000),
      within: () => undefined, // checked by `where`
    },
  );
  const selection = { ...within, ...labels !== undefined && { labels } };
  const series = (labels === undefined ? [CHANNELS.duration] : DURATION_CHANNELS)
    .filter((channel) => db.channels().includes(channel))
    .map((channel) =>
      `SELECT ${literal(channel)} AS channel, ${COLUMNS} FROM ${
        db.frame(channel).where(selection).relation
      } WHERE ${TIMED}`
    );
  if (series.length === 0) return [];
  const all = `(${series.join(" UNION ALL ")})${labels === undefined ? ` WHERE NOT (${IS_STREAM})` : ""}`;
  const query = of === "all"
    ? `SELECT * FROM ${all} ORDER BY duration DESC, "end", label, pid, isolate LIMIT ${count}`
    : `FROM (SELECT unnest(slowest, recursive := true) FROM (
        SELECT max_by({${
      FIELDS.map((name) => `'${name}': "${name}"`).join(", ")
    }}, (duration, -"end", pid, isolate), ${count}) AS slowest
        FROM ${all} GROUP BY channel, label
      )) ORDER BY duration DESC, "end", label, pid, isolate`;
  const samples = ((await db.sql(query)).rows() as unknown as SampleRow[]).map(({ pid, ...rest }) => ({
    ...rest,
    pid: Number(pid),
  }));
  const found = await readOverlaps(db, samples, { within: timeless(within), most: overlaps });
  return samples.map((sample, i) => ({ ...sample, overlaps: found[i]! }));
}

/** A row of the query. */
interface SampleRow extends Omit<SlowSample, "pid" | "overlaps"> {
  readonly pid: bigint;
}

const FIELDS = ["channel", "label", "pid", "isolate", "start", "end", "duration"] as const;

const COLUMNS =
  `Label AS label, PID AS pid, Isolate AS isolate, ${START} AS "start", Timepoint AS "end", Measurement AS duration`;

/** SQL of whether a label is that of requests that last as long as their clients want. */
const IS_STREAM = "ends_with(label, '] stream')";

/** A selection without its time: what overlaps a sample may have ended later. */
function timeless({ from: _, to: __, ...rest }: Omit<Selection, "labels">): Omit<Selection, "labels"> {
  return rest;
}
