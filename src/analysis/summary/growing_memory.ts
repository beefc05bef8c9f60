import { processKey } from "../../files/names.ts";
import { formatBytes } from "../../display/numbers.ts";
import { CHANNELS, NANOSECONDS_PER_SECOND, SERIES } from "../../series.ts";
import { memoryGrowth, type MemoryPoint } from "../../statistics/memory_growth.ts";
import { literal } from "../duckdb/sql.ts";
import { processOf } from "../frames/processes.ts";
import type { TelemetryDB } from "../frames/telemetry_db.ts";
import { type Program, programNames, withoutWorkers } from "../programs/program.ts";
import type { Remark, RemarkFormat } from "../programs/remarks.ts";
import { secondsIn, within } from "../../statistics/spans.ts";
import type { RuntimeSummary } from "./runtime_summary.ts";
import type { Summary } from "./summary.ts";

/** Processes that are examined, those with the largest difference first. */
const MOST_PROCESSES = 20;

/** Equal parts of a process's time, the mean of each of which is examined. */
const PARTS = 480n;

/** A process whose memory differs by less is not examined, bytes. */
const LEAST_DIFFERENCE = 10e6;

/** Remarks on programs whose memory grew all the time. */
export async function growingMemory(
  db: TelemetryDB,
  { runtime, pauses }: Pick<Summary, "runtime" | "pauses">,
  programs: readonly Program[],
  format: RemarkFormat,
): Promise<Remark[]> {
  const names = programNames(programs);
  const examined = withoutWorkers(runtime.filter(({ label }) => label === SERIES.rss), programs)
    .filter(({ min, max }) => max - min >= LEAST_DIFFERENCE)
    .sort((one, other) => other.max - other.min - (one.max - one.min))
    .slice(0, MOST_PROCESSES);
  const points = await pointsOf(db, examined);
  const remarks: Remark[] = [];
  for (const series of examined) {
    const { pid, first } = series;
    const key = processKey(series);
    const off = within(pauses.of(series, { channel: CHANNELS.runtime, label: SERIES.rss }), {
      from: first,
      to: series.last,
    });
    const growth = memoryGrowth(points.get(key) ?? [], secondsIn(off));
    if (growth === undefined) continue;
    const timepoint = (seconds: number): bigint => first + BigInt(Math.round(seconds * NANOSECONDS_PER_SECOND));
    const doubt = growth.isShort ? ", which is too short to tell a leak from a program that starts" : "";
    remarks.push({
      kind: "memory",
      isBad: true,
      text: `${names.get(key) ?? `PID ${pid}`} grew from ${formatBytes(growth.from)} to ${
        formatBytes(growth.to)
      } of memory (RSS) within ${format.span(growth.last - growth.first)}${doubt}`,
      processes: [key],
      from: timepoint(growth.first),
      to: timepoint(growth.last),
    });
  }
  return remarks;
}

/** The mean RSS of each part of each process's time: seconds since its first sample, and bytes. */
async function pointsOf(db: TelemetryDB, examined: readonly RuntimeSummary[]): Promise<Map<string, MemoryPoint[]>> {
  if (examined.length === 0) return new Map();
  const times = examined.map(({ pid, isolate, first, last }) =>
    `(${pid}::BIGINT, ${literal(isolate)}, ${first}::BIGINT, ${last}::BIGINT, ${(last - first) / PARTS + 1n}::BIGINT)`
  );
  const { relation } = db.runtime().timeSeries(SERIES.rss);
  const table = await db.sql(`
    SELECT PID, Isolate, avg(Timepoint - "first") / 1e9 AS seconds, avg(Measurement) AS bytes
    FROM ${relation} JOIN (VALUES ${
    times.join(", ")
  }) AS time(PID, Isolate, "first", "last", width) USING (PID, Isolate)
    WHERE isfinite(Measurement) AND Timepoint BETWEEN "first" AND "last"
    GROUP BY PID, Isolate, (Timepoint - "first") // width ORDER BY seconds`);
  const rows = table.rows().map((row) => ({
    key: processKey(processOf(row)),
    point: [row.seconds as number, row.bytes as number] as const,
  }));
  return new Map(
    [...Map.groupBy(rows, ({ key }) => key)].map(([key, of]) => [key, of.map(({ point }) => point)]),
  );
}
