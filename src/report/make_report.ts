/**
 * Makes a report: reads what it shows, looks for findings, and puts all of it into a page.
 *
 * @module
 */

import type { Reading, TelemetryDB } from "../analysis/mod.ts";
import { counted } from "../display/numbers.ts";
import type { ProcessId } from "../files/names.ts";
import type { Files } from "../runtime.ts";
import { CHANNELS, CPU_RATE, holdsDurations, SERIES } from "../series.ts";
import { readDurations, readDurationSeries } from "./data/durations.ts";
import { readMarks } from "./data/marks.ts";
import { PauseLists } from "./data/pauses.ts";
import { type FoundHeapProfile, type FoundProfile, readProfiles } from "./data/profiles.ts";
import { readQuantities, readQuantitySeries } from "./data/quantities.ts";
import { momentsOf } from "./data/moments.ts";
import { readSlowSamples, type TimedProfile } from "./data/slow_samples.ts";
import { makeSizePlan, MAX_MOMENTS } from "./data/size_plan.ts";
import { withSlowest } from "./data/slowest.ts";
import { readProcesses } from "./data/processes.ts";
import { type RecordedSeries, recordedSeries, type ReportSelection, Source } from "./data/source.ts";
import { possibleBins, readShownTime, type ShownTime } from "./data/time_axis.ts";
import { type ExplainContext, explainFindings } from "./findings/explain_findings.ts";
import { type FindingInputs, readFindingInputs } from "./findings/finding_inputs.ts";
import { findWhatStandsOut, toCards } from "./findings/what_stands_out.ts";
import { type PageOptions, renderPage } from "./page.ts";
import type { DurationData, Finding, ProfileData, QuantityData, ReportData } from "./shared/report_data.ts";

/** How a report is made. */
export interface ReportOptions {
  /** Name of what the report is about, such as the monitoring directory. */
  readonly title: string;
  /** Version of Kymo. */
  readonly kymo: string;
  /** When the report is made. */
  readonly made: Date;
  /**
   * The rows it is made of.
   *
   * @default all rows
   */
  readonly selection?: ReportSelection;
  /** CPU profiles to show. */
  readonly profiles?: readonly FoundProfile[];
  /** Heap profiles to show. */
  readonly heapProfiles?: readonly FoundHeapProfile[];
  /** What else could not be read, one sentence each. */
  readonly problems?: readonly string[];
  /** Of a page that is served: see {@linkcode PageOptions}. */
  readonly served?: PageOptions["served"];
  /** Called when a step begins, with the number of steps done. */
  readonly onProgress?: (done: number, total: number, step: string) => void;
}

/** A report. */
export interface Report {
  /** The page. */
  readonly html: string;
  /** What it shows. */
  readonly data: ReportData;
}

/**
 * Makes the report of the rows in `db`, and of the CPU profiles in the directories among `sources`.
 *
 * @throws {KymoError} `"invalid-argument"` if the selection is wrong or longer than 285 years.
 * @throws {KymoError} if the rows cannot be read.
 */
export async function makeReport(
  db: TelemetryDB,
  sources: readonly string[],
  { files, ...options }: Omit<ReportOptions, "profiles" | "heapProfiles" | "problems"> & { readonly files: Files },
): Promise<Report> {
  const data = await readReportData(db, {
    ...options,
    ...readProfiles(sources, files, options.selection),
  });
  return { html: await renderPage(data, options), data };
}

const STEPS = ["reading", "durations", "quantities", "findings"];

/** Reads everything that a report shows. */
export async function readReportData(db: TelemetryDB, options: ReportOptions): Promise<ReportData> {
  return (await readExplained(db, options)).data;
}

/** Reads the same, and where more about it can be found; not of a recording without rows. */
export async function readExplained(
  db: TelemetryDB,
  options: ReportOptions,
): Promise<{ readonly data: ReportData; readonly context?: ExplainContext }> {
  const { title, kymo, made, selection = {}, problems = [], onProgress = () => {} } = options;
  const begin = (step: number): void => onProgress(step, STEPS.length, STEPS[step]!);

  begin(0);
  await db.load();
  const selected = Source.of(db, selection);
  const pauses = await db.pauses();
  const range = await readShownTime(selected, pauses);
  const head = { format: 1 as const, title, kymo, made: made.toISOString() };
  if (range === undefined) {
    const profiles = profilesOf(options.profiles);
    const data = emptyReport(
      { ...head, profiles, ...heapProfilesOf(options.heapProfiles) },
      db.reading,
      problems,
      isPart(selection) && db.channels().length > 0,
    );
    return { data };
  }
  const recorders = await readProcesses(
    range.outside === 0 ? selected : selected.where(`Timepoint BETWEEN ${range.from} AND ${range.to}`),
    range,
    (wanted) => db.programRecords(wanted),
    selection,
    pauses,
  );
  const { source, lines, programs, indexOf, isMixed, offTimes, problems: aboutProcesses } = recorders;
  const lists = new PauseLists(offTimes);
  const processes = recorders.processes.map((process, i) => ({ ...process, ...lists.ofProcess(i) }));
  const rows = processes.reduce((sum, { rows }) => sum + rows, 0);
  const span = Number(range.to - range.from);

  begin(1);
  const axes = possibleBins(span, rows);
  const durationSeries = await readDurationSeries(source, range, axes);
  const quantitySeries = await readQuantitySeries(source, axes);
  const statistics = durationSeries.reduce((sum, { processes }) => sum + 1 + processes, 0);
  const plan = makeSizePlan(axes, durationSeries, quantitySeries, statistics);
  const durations = (await withSlowest(await readDurations(source, durationSeries, range, plan), { db, source, range }))
    .map((of) => withPauses(of, recordedSeries(of.label), lists));

  begin(2);
  const marked = await readMarks(source, range);
  const quantities = await readQuantities(source, quantitySeries, range, plan, isMixed);

  begin(3);
  const leftOut = durationSeries.length - durations.length + quantitySeries.length - plan.quantities.size;
  const data = {
    ...head,
    from: String(range.from),
    span,
    rows,
    bins: plan.bins,
    processes,
    lines,
    profiles: await withMoments(options.profiles, source, range, durations, indexOf),
    ...heapProfilesOf(options.heapProfiles, indexOf),
    durations,
    quantities: quantities.data.map((of) => withPauses(of, of, lists)),
    pauses: lists.all(span),
    marks: marked.marks,
    unread: {
      rows: db.reading.unread,
      problems: [
        ...problemsOf(db.reading),
        ...problems,
        ...marked.problems,
        ...strayRows(range),
        ...aboutProcesses,
        ...quantities.problems,
        ...(leftOut > 0
          ? [`${counted(leftOut, "label")} ${isOrAre(leftOut)} left out: the page would be too large`]
          : []),
      ],
    },
  };
  const inputs = await readFindingInputs(source, range, data, programs);
  const context = { db, inputs, range, selection };
  const findings = toCards(await explainFindings(findWhatStandsOut(inputs), context), inputs);
  const noDurations = db.channels().some(holdsDurations) && durations.length === 0 && isPart(selection);
  const shown = {
    ...data,
    durations: durations.map((of) => withShape(of, inputs)),
    findings: [...noDurations ? [NO_DURATIONS] : [], ...findings],
  };
  return { data: shown, context };
}

/** Adds what findings know of a series: its modes and steps. */
function withShape(of: DurationData, { modes, steps }: FindingInputs): DurationData {
  const [own, changes] = [modes.get(of.label), steps.get(of.label)];
  return { ...of, ...own && { modes: own }, ...changes && { steps: changes } };
}

/** Adds the pauses of a series where they are not those of its processes. */
function withPauses<Series extends DurationData | QuantityData>(
  series: Series,
  { channel, label: recorded }: RecordedSeries,
  lists: PauseLists,
): Series {
  // CPU time is drawn as a rate of two counters, which are switched alike.
  const label = recorded === CPU_RATE && channel === CHANNELS.runtime ? SERIES.userTime : recorded;
  const processes = series.processes.map((of) => ({ ...of, ...lists.ofSeries(of.process, { channel, label }) }));
  return { ...series, processes };
}

const NO_DURATIONS: Finding = { kind: "data", weight: "attention", text: "No durations are selected." };

/** A report without rows: of CPU profiles alone, if any. */
function emptyReport(
  head: Pick<ReportData, "format" | "title" | "kymo" | "made" | "profiles" | "heapProfiles">,
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
    lines: [],
    pauses: [],
    marks: [],
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

/** The profiles, with what ran when, and while the slowest durations were under way. */
async function withMoments(
  found: readonly FoundProfile[] = [],
  source: Source,
  { from }: ShownTime,
  durations: readonly DurationData[],
  indexOf: (process: ProcessId) => number | undefined,
): Promise<ProfileData[]> {
  const timed = found.map(({ of, samples }): TimedProfile | undefined => {
    const process = of && indexOf(of);
    return samples === undefined || process === undefined ? undefined : { process, samples };
  });
  const slow = await readSlowSamples(source, durations, timed.filter((of) => of !== undefined));
  return profilesOf(found, indexOf).map((profile, i): ProfileData => {
    const { samples } = found[i]!;
    const moments = samples && momentsOf(samples, from, MAX_MOMENTS / found.length);
    const own = timed[i] && slow.get(timed[i]);
    return { ...profile, ...moments && { moments }, ...own && { slow: own } };
  });
}

function profilesOf(
  profiles: readonly FoundProfile[] = [],
  indexOf: (process: ProcessId) => number | undefined = () => undefined,
): ProfileData[] {
  return profiles.map(({ of, samples: _, ...profile }) => ({
    ...profile,
    process: of === undefined ? undefined : indexOf(of),
  }));
}

function heapProfilesOf(
  found: readonly FoundHeapProfile[] = [],
  indexOf: (process: ProcessId) => number | undefined = () => undefined,
): Pick<ReportData, "heapProfiles"> {
  if (found.length === 0) return {};
  return { heapProfiles: found.map(({ of, ...profile }) => ({ ...profile, process: of && indexOf(of) })) };
}

function problemsOf({ problems }: Reading): string[] {
  return problems.map(({ file, line, rows, reason }) =>
    `${file}${line > 0 ? `:${line}` : ""}: ${reason}${rows > 0 ? ` (${counted(rows, "row")})` : ""}`
  );
}

/** Rows that were read, and are not shown. */
function strayRows({ outside }: ShownTime): string[] {
  if (outside === 0) return [];
  return [`${counted(outside, "row")} ${isOrAre(outside)} not shown: the timepoint is far from all others`];
}

/** Whether a selection selects anything less than everything. */
function isPart(selection: ReportSelection): boolean {
  return Object.values(selection).some((of) => of !== undefined);
}

function isOrAre(count: number): string {
  return count === 1 ? "is" : "are";
}
