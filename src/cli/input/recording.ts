import type { TimeRange } from "../../analysis/frames/selection.ts";
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
import { boundsOf, type SelectionOptions } from "./options.ts";
import { progressBar } from "../terminal/progress_bar.ts";
import { SPACED, writeError } from "../terminal/style.ts";

/**
 * Opens what the user named: directories, files, or patterns of files. Of files outside the
 * selected time only the names are read. `estimate` gives an estimate of the time range, if the caller
 * needs it too.
 *
 * @throws {KymoError} saying "Cannot `action`", if there is no such file, or if recordings are only
 * in directories below.
 */
export async function openRecording(
  sources: readonly string[],
  action: string,
  { look, runtime: { files } }: CliContext,
  selected: Pick<SelectionOptions, "from" | "to"> = {},
  estimate?: () => TimeRange | undefined,
): Promise<TelemetryDB> {
  for (const source of sources) {
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
  const [{ TelemetryDB }, { estimateTimeRange }] = await Promise.all([
    import("../../analysis/frames/telemetry_db.ts"),
    import("../../analysis/summary/time_estimate.ts"),
  ]);
  return await TelemetryDB.open(sources, boundsOf(selected, estimate ?? (() => estimateTimeRange(sources, files))));
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

/**
 * Writes what was not read, one problem a line, to `stderr`, and returns the exit code. Copies are
 * told, but are no problem.
 */
export function reportUnread({ problems, unread, copies }: Reading, { stderr }: CliContext): ExitCode {
  for (const { file, of } of copies) {
    stderr.write(`Left out: ${sanitize(file)}: all of its rows are in ${sanitize(fileNameOf(of))}\n`);
  }
  for (const { file, line, rows, reason } of problems) {
    const where = sanitize(line > 0 ? `${file}:${line}` : file);
    const lost = rows > 0 ? ` (${counted(rows, "row")})` : "";
    writeError(stderr, `Cannot read: ${where}: ${sanitize(reason)}${lost}`);
  }
  const reported = problems.reduce((sum, { rows }) => sum + rows, 0);
  if (unread > reported) writeError(stderr, `Cannot read: ${counted(unread - reported, "further row")}`);
  return unread > 0 || problems.length > 0 ? exitCode.incomplete : exitCode.ok;
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
