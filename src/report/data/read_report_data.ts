import type { Reading, TelemetryDB } from "../../analysis/mod.ts";
import { readDurationSeries } from "./duration_statistics.ts";
import { readDurations } from "./durations.ts";
import { explain } from "../findings/explain.ts";
import { readEvidence } from "../findings/finding_inputs.ts";
import { findWhatStandsOut } from "../findings/findings.ts";
import { makePlan } from "./plan.ts";
import { readOverview } from "./processes.ts";
import { readQuantities } from "./quantities.ts";
import { readQuantitySeries } from "./quantity_series.ts";
import type { DurationData, Finding, ProfileData, ReportData } from "../shared/report_data.ts";
import { type ReportSelection, Source } from "./source.ts";
import { possibleBins, readShownTime, type ShownTime } from "./time_axis.ts";
import { counted } from "../../display/words.ts";
import { CHANNELS } from "../../series.ts";

/** How a report is made. */
export interface ReportOptions {
  /** Name of what is reported on. */
  readonly title: string;
  /** Version of Kymo. */
  readonly kymo: string;
  /** When the report is made. */
  readonly made: Date;
  /** Which rows it is made of. Default: all. */
  readonly selection?: ReportSelection;
  /** CPU profiles to show. */
  readonly profiles?: readonly ProfileData[];
  /** What else could not be read, in words. */
  readonly problems?: readonly string[];
  /** Is told how much of the work is done. */
  readonly onProgress?: (done: number, total: number, what: string) => void;
}

/** Reads all that a report shows. */
export async function readReportData(db: TelemetryDB, options: ReportOptions): Promise<ReportData> {
  const { title, kymo, made, selection = {}, profiles = [], problems = [], onProgress = () => {} } = options;
  const steps = ["reading", "durations", "quantities", "findings"];
  const begin = (step: number): void => onProgress(step, steps.length, steps[step]!);

  begin(0);
  await db.load();
  const selected = Source.of(db, selection);
  const range = await readShownTime(selected);
  const head = { format: 1 as const, title, kymo, made: made.toISOString(), profiles };
  if (range === undefined) return nothing(head, db.reading, problems, isPart(selection) && db.channels().length > 0);
  const source = range.outside === 0 ? selected : selected.where(`Timepoint BETWEEN ${range.from} AND ${range.to}`);
  const overview = await readOverview(source, range);
  const span = Number(range.to - range.from);

  begin(1);
  const axes = possibleBins(span, overview.rows);
  const durationSeries = await readDurationSeries(source, range, axes);
  const quantitySeries = await readQuantitySeries(source, axes);
  const statistics = durationSeries.reduce((sum, { processes }) => sum + 1 + processes, 0);
  const plan = makePlan(axes, durationSeries, quantitySeries, statistics);
  const durations = await readDurations(source, durationSeries, range, plan);

  begin(2);
  const quantities = await readQuantities(source, quantitySeries, range, plan);

  begin(3);
  const leftOut = durationSeries.length - durations.length + quantitySeries.length - plan.quantities.size;
  const data = {
    ...head,
    from: String(range.from),
    span,
    rows: overview.rows,
    bins: plan.bins,
    processes: overview.processes,
    durations,
    quantities: quantities.data,
    unread: {
      rows: db.reading.unread,
      problems: [
        ...problemsOf(db.reading),
        ...problems,
        ...strangeRows(range),
        ...quantities.problems,
        ...(leftOut > 0 ? [`${counted(leftOut, "label")} ${isOrAre(leftOut)} left out, for want of room`] : []),
      ],
    },
  };
  const evidence = await readEvidence(source, range);
  const findings = await explain(findWhatStandsOut(data, evidence), {
    db,
    facts: data,
    source,
    range,
    selection,
  });
  return { ...data, findings: [...withoutDurations(db, selection, durations), ...findings] };
}

/** A report on CPU profiles alone. */
function nothing(
  head: Pick<ReportData, "format" | "title" | "kymo" | "made" | "profiles">,
  reading: Reading,
  problems: readonly string[],
  isSelection: boolean,
): ReportData {
  return {
    ...head,
    from: "0",
    span: 0,
    rows: 0,
    bins: { width: 1, count: 1 },
    processes: [],
    findings: [{
      kind: "data",
      weight: "attention",
      text: isSelection ? "No observations are selected." : "There are no observations.",
    }],
    durations: [],
    quantities: [],
    unread: { rows: reading.unread, problems: [...problemsOf(reading), ...problems] },
  };
}

function problemsOf({ problems }: Reading): string[] {
  return problems.map(({ file, line, rows, reason }) =>
    `${file}${line > 0 ? `:${line}` : ""}: ${reason}${rows > 0 ? ` (${counted(rows, "row")})` : ""}`
  );
}

/** Rows that are read, and not shown. */
function strangeRows({ outside }: ShownTime): string[] {
  return outside > 0 ? [`${counted(outside, "row")} of a time far from all others ${isOrAre(outside)} not shown`] : [];
}

/** That the selection left out all durations, if it did. */
function withoutDurations(
  db: TelemetryDB,
  selection: ReportSelection,
  durations: readonly DurationData[],
): readonly Finding[] {
  const recorded = db.channels().includes(CHANNELS.duration);
  if (!recorded || durations.length > 0 || !isPart(selection)) return [];
  return [{ kind: "data", weight: "attention", text: "No durations are selected." }];
}

/** Whether something is selected at all. */
function isPart(selection: ReportSelection): boolean {
  return Object.values(selection).some((of) => of !== undefined);
}

function isOrAre(count: number): string {
  return count === 1 ? "is" : "are";
}
