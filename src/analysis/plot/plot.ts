import { defaultRuntime } from "../../default_runtime.ts";
import { fileErrorCode, KymoError, quote, quotePath, reason } from "../../errors.ts";
import { replaceFileAt } from "../../files/atomic_file.ts";
import { MonitoringDirectory } from "../../files/directory.ts";
import { directoryOf, temporaryPathBeside } from "../../files/names.ts";
import { type Check, checkGiven } from "../../options.ts";
import { CHANNELS } from "../../series.ts";
import { parseInterval } from "../frames/resampling.ts";
import type { Selection, TimeRange } from "../frames/selection.ts";
import type { TelemetryDB } from "../frames/telemetry_db.ts";
import { Evaluator, type Intervals } from "./evaluate.ts";
import { type Expression, parseExpression } from "./expression.ts";
import { pngOf } from "./png.ts";
import { svgChart } from "./svg_chart.ts";

/** What is plotted of a recording, and how. */
export interface PlotOptions {
  /** Which observations. Default: all. */
  readonly within?: Selection;
  /**
   * The length of the intervals of which each has a point, as `resample` takes it. Default: a round one,
   * of which there are up to 240.
   */
  readonly every?: string | bigint;
  /** The title. Default: the expressions. */
  readonly title?: string;
}

/** What was written. */
export interface Plotted {
  /** Points of each line. */
  readonly points: number;
  /** The length of their intervals, ns. */
  readonly every: bigint;
  /** Bytes of the file. */
  readonly bytes: number;
}

/** Intervals that there are by default, at most. */
const POINTS = 240;

/** Most intervals: each point of a line takes 12 bytes. */
const MOST_POINTS = 100_000;

/** Most marks that are drawn. */
const MOST_MARKS = 50;

/** Everybody may look at a picture. */
const PICTURE_MODE = 0o644;

const SECOND = 1_000_000_000n;

/** Round lengths of intervals, ns. */
const LENGTHS: readonly bigint[] = [
  ...[1n, 2n, 5n, 10n, 20n, 50n, 100n, 200n, 500n].map((ms) => ms * 1_000_000n),
  ...[1n, 2n, 5n, 10n, 15n, 30n, 60n, 120n, 300n, 600n, 900n, 1800n].map((seconds) => seconds * SECOND),
  ...[1n, 2n, 3n, 6n, 12n, 24n, 48n, 168n].map((hours) => 3600n * hours * SECOND),
];

const isInterval: Check = (value) =>
  typeof value === "string" || typeof value === "bigint" ? undefined : 'must be an interval such as "1s"';
const isString: Check = (value) => typeof value === "string" ? undefined : "must be a string";
const isSelection: Check = (value) => typeof value === "object" && value !== null ? undefined : "must be an object";

/**
 * Draws expressions as lines over time, and writes them as SVG or PNG, by the end of the path's name: the
 * original's `plot_to_file`. An existing file is replaced. Marks are drawn, too.
 *
 * An expression has labels (in quotes if they have other characters than letters and digits), functions of
 * labels (`mean`, `median`, `min`, `max`, `count`, `rate`, `sum`, `p50` to `p99`, `quantile(label, 0.999)`),
 * numbers, `+`, `-`, `*`, `/` and parentheses. A label alone is its mean, of memory, such
 * as `rss`, the sum of all processes, or of a counter, such as `user time`, its growth per second; `cpu` is
 * the CPU time per time. Each unit has a panel of its own.
 *
 * @returns What was written.
 *
 * @throws {KymoError} `"invalid-argument"` if an expression or an option is wrong; `"not-found"` for an
 * unknown label, with the nearest; `"missing-package"` for PNG without `@resvg/resvg-js`; others if the
 * file cannot be written.
 *
 * @example The share of requests that take long
 * ```ts
 * import { plotToFile, TelemetryDB } from "@kymo/kymo/analysis";
 * import { assertEquals } from "@std/assert";
 * import { mkdirSync, rmSync, writeFileSync } from "node:fs";
 *
 * mkdirSync("_plotted");
 * writeFileSync(
 *   "_plotted/duration.1.csv",
 *   "Timepoint,Measurement,Label,PID\r\n" +
 *     "1700000000100000000,0.25,/version [GET],42\r\n1700000001900000000,0.5,/version [GET],43\r\n",
 * );
 * {
 *   await using db = await TelemetryDB.open("_plotted");
 *   const expressions = ['rate("/version [GET]")', 'p99("/version [GET]") / median("/version [GET]")'];
 *   const { points } = await plotToFile(db, expressions, "_plotted/version.svg", { every: "1s" });
 *   assertEquals(points, 2);
 * }
 * rmSync("_plotted", { recursive: true });
 * ```
 */
export async function plotToFile(
  db: TelemetryDB,
  expression: string | readonly string[],
  path: string,
  options: PlotOptions = {},
): Promise<Plotted> {
  const runtime = defaultRuntime();
  if (typeof path !== "string" || !/\.(?:svg|png)$/i.test(path)) {
    throw new KymoError(
      "invalid-argument",
      `Cannot plot: ${quotePath(String(path))}: the name must end in .svg or .png`,
    );
  }
  const { within = {}, every, title } = checkGiven<PlotOptions>("Cannot plot", options, {
    within: isSelection,
    every: isInterval,
    title: isString,
  });
  const texts = [expression].flat();
  if (texts.length === 0 || !texts.every((text) => typeof text === "string")) {
    throw new KymoError("invalid-argument", `Cannot plot: an expression must be a string: ${quote(expression)}`);
  }
  const expressions = texts.map(parseExpression);
  const width = every === undefined ? undefined : parseInterval(every);
  const evaluator = await Evaluator.of(db, within);
  if (evaluator.isEmpty) throw new KymoError("not-found", "Cannot plot: no observation is there, or none is selected");
  const range = await evaluator.range(expressions);
  if (range === undefined) throw new KymoError("not-found", "Cannot plot: no observation is selected");
  const intervals = intervalsOf(range, width);
  const lines = [];
  for (const [at, one] of (expressions as readonly Expression[]).entries()) {
    lines.push({ name: texts[at]!, ...await evaluator.evaluate(one, intervals) });
  }
  const marks = await readMarks(db, within, intervals);
  const svg = svgChart({ title: title ?? texts.join(", "), intervals, lines, marks });
  const bytes = /\.png$/i.test(path) ? await pngOf(svg, runtime.name) : new TextEncoder().encode(svg);
  const target = runtime.files.resolve(path);
  try {
    const directory = new MonitoringDirectory(runtime.files, directoryOf(target));
    replaceFileAt(directory, target, temporaryPathBeside(target, runtime.isolateId()), bytes, { mode: PICTURE_MODE });
  } catch (error) {
    throw new KymoError(fileErrorCode(error), `Cannot plot: ${quotePath(path)}: ${reason(error)}`, { cause: error });
  }
  return { points: intervals.length, every: intervals.width, bytes: bytes.length };
}

/** Intervals over a time range. */
function intervalsOf({ first, last }: TimeRange, given: bigint | undefined): Intervals {
  const placeOf = (timepoint: bigint, width: bigint): bigint =>
    timepoint >= 0n ? timepoint / width : -1n - (-1n - timepoint) / width;
  const least = (last - first) / BigInt(POINTS);
  const width = given ?? LENGTHS.find((length) => length >= least) ?? least;
  const length = placeOf(last, width) - placeOf(first, width) + 1n;
  if (length > BigInt(MOST_POINTS)) {
    throw new KymoError("invalid-argument", `Cannot plot: every: more than ${MOST_POINTS} intervals of that length`);
  }
  return { width, from: placeOf(first, width) * width, length: Number(length) };
}

/** The first marks in some intervals, whatever labels are selected. */
async function readMarks(
  db: TelemetryDB,
  { labels: _, ...within }: Selection,
  { from, width, length }: Intervals,
): Promise<{ at: bigint; text: string }[]> {
  const { relation } = db.frame(CHANNELS.mark).where(within);
  const end = from + width * BigInt(length);
  const table = await db.sql(
    `SELECT Timepoint AS at, Label AS text FROM ${relation} WHERE Timepoint >= ${from} AND Timepoint < ${end}
     ORDER BY ALL LIMIT ${MOST_MARKS}`,
  );
  return table.rows() as { at: bigint; text: string }[];
}
