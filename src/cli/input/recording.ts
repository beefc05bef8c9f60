import type { OpenOptions } from "../../analysis/frames/recording.ts";
import type { Selection, TimeRange } from "../../analysis/frames/selection.ts";
import type { TelemetryDB } from "../../analysis/frames/telemetry_db.ts";
import { isRecordingName } from "../../analysis/source/file_names.ts";
import { expandPattern, isPattern } from "../../analysis/source/file_pattern.ts";
import type { Reading } from "../../analysis/source/reading_report.ts";
import { counted, formatPercent } from "../../display/numbers.ts";
import type { ProgramRecords } from "../../analysis/programs/program_records.ts";
import { sanitize } from "../../display/sanitize.ts";
import { KymoError, quotePath } from "../../errors.ts";
import { fileNameOf } from "../../files/names.ts";
import type { Files } from "../../runtime.ts";
import type { CliContext } from "../context.ts";
import { type ExitCode, exitCode } from "../exit_codes.ts";
import { boundsOf, selectionOf, type SelectionOptions, settleTimes } from "./options.ts";
import { type NamedSources, namedSources, rangeInStores } from "./store_sources.ts";
import { progressBar } from "../terminal/progress_bar.ts";
import { SPACED, writeError } from "../terminal/style.ts";

/** A recording that was opened, and what is selected of it. */
export interface OpenedRecording extends AsyncDisposable {
  readonly db: TelemetryDB;
  readonly sources: NamedSources;
  /** What the options select. */
  select(): Promise<Selection>;
}

/** What a command needs of a recording. */
export interface RecordingNeeds extends Pick<OpenOptions, "channels" | "runtime"> {
  /** Gives an estimate of the time range, if the caller needs it too. */
  readonly estimate?: () => TimeRange | undefined;
}

/**
 * Opens what the user named: directories, files, patterns of files, and addresses of databases. Of
 * files outside the selected time only the names are read; from databases only what is selected is
 * fetched.
 *
 * @throws {KymoError} saying "Cannot `action`", if there is no such file, or if recordings are only
 * in directories below; others if a database cannot be read.
 */
export async function openRecording(
  given: readonly string[],
  action: string,
  context: CliContext,
  options: SelectionOptions = {},
  { estimate, ...needs }: RecordingNeeds = {},
): Promise<OpenedRecording> {
  const { runtime } = context;
  const sources = namedSources(given, action, options.passwordFile, runtime);
  const { paths, stores } = sources;
  for (const path of paths) refuseUnlessRecording(path, action, context);
  const [{ TelemetryDB }, { estimateTimeRange }, { timeRange }] = await Promise.all([
    import("../../analysis/frames/telemetry_db.ts"),
    import("../../analysis/summary/time_estimate.ts"),
    import("../../analysis/summary/summary.ts"),
  ]);
  // Of databases alone the range is known before anything is fetched; together with files it is not.
  const known = stores.length > 0 && paths.length === 0;
  const selected = known ? await settleTimes(options, () => rangeInStores(stores, options.program, runtime)) : options;
  const bounds = boundsOf(
    selected,
    stores.length > 0 ? () => undefined : estimate ?? (() => estimateTimeRange(paths, runtime.files)),
  );
  const { label: labels, pid: pids, isolate: isolates, program } = options;
  const db = await TelemetryDB.open(sources.all, {
    ...bounds,
    ...needs,
    ...labels && { labels },
    ...pids && { pids },
    ...isolates && { isolates },
    ...program && { program },
  });
  return {
    db,
    sources,
    select: () => selectionOf(selected, () => timeRange(db)),
    [Symbol.asyncDispose]: () => db[Symbol.asyncDispose](),
  };
}

function refuseUnlessRecording(source: string, action: string, { look, runtime: { files } }: CliContext): void {
  const found = look(source);
  const isMissing = found === "nothing" &&
    !(isPattern(source) && expandPattern(files, files.resolve(source)).length > 0);
  if (isMissing) {
    throw new KymoError("not-found", `Cannot ${action}: ${quotePath(source)}: no such file or directory`);
  }
  const below = found === "directory" ? recordingsBelow(files, source) : [];
  if (below.length > 0) {
    const names = below.map((name) => quotePath(name)).join(", ");
    throw new KymoError(
      "invalid-argument",
      `Cannot ${action}: ${quotePath(source)}: no recording in it, but in these directories below it: ${names}`,
    );
  }
}

/**
 * Directories with recordings in a directory that has none itself, which the user may have named by
 * mistake.
 */
function recordingsBelow(files: Files, directory: string): string[] {
  const list = (path: string): string[] => {
    try {
      return files.list(files.resolve(path));
    } catch {
      return []; // a file, or unreadable, which the reader reports
    }
  };
  const isRecording = (names: readonly string[]): boolean => names.some(isRecordingName);
  const names = list(directory);
  return isRecording(names) ? [] : names.sort().filter((name) => isRecording(list(`${directory}/${name}`)));
}

/** Files that are gone and are written out. */
const MAX_GONE = 10;

/**
 * Writes what was not read, one problem a line, to `stderr`, and returns the exit code. Copies are
 * told, and files that others took away meanwhile, as a shipper does, but are no problem.
 */
export function reportUnread({ problems, unread, copies, gone }: Reading, { stderr }: CliContext): ExitCode {
  for (const { file, of } of copies) {
    stderr.write(`Left out: ${sanitize(file)}: all of its rows are in ${sanitize(fileNameOf(of))}\n`);
  }
  for (const { file, rows } of gone.slice(0, MAX_GONE)) {
    const left = rows > 0 ? ` (${counted(rows, "row")})` : "";
    stderr.write(`Left out: ${sanitize(file)}: it was moved or deleted meanwhile${left}\n`);
  }
  const more = gone.length - MAX_GONE;
  if (more > 0) stderr.write(`Left out: ${counted(more, "further file")}, moved or deleted meanwhile\n`);
  for (const [file, own] of Map.groupBy(problems, ({ file }) => file)) {
    writeError(stderr, `Cannot read: ${problemsOfFile(file, own)}`);
  }
  const reported = rowsOf(problems);
  if (unread > reported) writeError(stderr, `Cannot read: ${counted(unread - reported, "further row")}`);
  return unread > 0 || problems.length > 0 ? exitCode.incomplete : exitCode.ok;
}

/** What is wrong with a file, in one line. */
function problemsOfFile(file: string, problems: Reading["problems"]): string {
  const [{ line, rows, reason }] = problems as [Reading["problems"][number]];
  if (problems.length === 1) {
    const lost = rows > 0 ? ` (${counted(rows, "row")})` : "";
    return `${sanitize(line > 0 ? `${file}:${line}` : file)}: ${sanitize(reason)}${lost}`;
  }
  const told = [...Map.groupBy(problems, ({ reason }) => reason)].map(([reason, own]) => {
    const [first] = own as [Reading["problems"][number]];
    const place = first.line === 0 ? [] : [`${own.length > 1 ? "the first in line" : "line"} ${first.line}`];
    const where = [...own.length > 1 ? [counted(rowsOf(own), "row")] : [], ...place].join(", ");
    return `${sanitize(reason)}${where === "" ? "" : ` (${where})`}`;
  });
  return `${sanitize(file)}: ${counted(rowsOf(problems), "row")}: ${told.join("; ")}`;
}

function rowsOf(problems: Reading["problems"]): number {
  return problems.reduce((sum, { rows }) => sum + rows, 0);
}

/**
 * Refuses to answer from nothing, after {@linkcode reportUnread}: all commands end so if no observation
 * is there, or none is selected.
 *
 * @throws {KymoError} always: `"not-found"`, or `"io"` if something is there and cannot be read, saying
 * "Cannot `action`".
 *
 * @param nothing What is not there, after a colon and what it was looked for in; by default observations.
 */
export function refuseNothing(
  { db, sources }: OpenedRecording,
  action: string,
  context: CliContext,
  nothing?: string,
): never {
  const names = sources.names.map((name) => quotePath(name)).join(", ");
  if (reportUnread(db.reading, context) !== exitCode.ok) {
    throw new KymoError("io", `Cannot ${action}: ${names}: nothing could be read`);
  }
  const noneSelected = hasNothing({ db }) ? "no observations" : "no observation is there, or none is selected";
  throw new KymoError("not-found", `Cannot ${action}: ${nothing ?? `${names}: ${noneSelected}`}`);
}

/** Whether there is nothing that observations could be in. */
export function hasNothing({ db }: Pick<OpenedRecording, "db">): boolean {
  const { files, spools, databases } = db.reading;
  return files + spools + databases === 0;
}

/** Problems of one kind that are written out. */
const MAX_BAD_RECORDS = 10;

/**
 * Writes which program records were not read to `stderr`. Nothing else depends on them, so they do
 * not change the exit code.
 */
export function reportBadRecords(
  { problems, skipped }: Pick<ProgramRecords, "problems" | "skipped">,
  { stderr }: CliContext,
): void {
  for (const { path, reason } of problems.slice(0, MAX_BAD_RECORDS)) {
    writeError(stderr, `Ignored the program record: ${sanitize(path)}: ${sanitize(reason)}`);
  }
  const more = problems.length - MAX_BAD_RECORDS;
  if (more > 0) writeError(stderr, `Ignored ${counted(more, "further program record")}`);
  if (skipped > 0) {
    writeError(stderr, `Did not read ${counted(skipped, "program record")} of programs without rows here`);
  }
}

/** Milliseconds between two updates of a progress bar. */
const UPDATE_INTERVAL = 100;

/** Shows a progress bar while `work` reads files, if `stderr` is a terminal. */
export async function whileReading<Result>(
  db: Pick<TelemetryDB, "reading" | "progress">,
  context: CliContext,
  work: () => Promise<Result>,
): Promise<Result> {
  // Without a bar nobody asks: DuckDB takes its time to tell.
  if (!context.stderr.movesCursor) return await work();
  using bar = progressBar(context, "Reading");
  const files = counted(db.reading.files, "file"); // once: it looks at every file
  const stop = context.runtime.timers.every(UPDATE_INTERVAL, () => {
    const done = Math.floor(100 * db.progress) / 100; // 100 % only at the end
    bar.update(
      db.progress,
      1,
      `${formatPercent(done, { ...SPACED, trim: true })} of ${files}`,
    );
  });
  try {
    return await work();
  } finally {
    stop();
  }
}
