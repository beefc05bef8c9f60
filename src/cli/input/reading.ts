import { sanitize } from "../../display/sanitize.ts";
import { counted } from "../../display/numbers.ts";
import type { Reading } from "../../analysis/source/reading.ts";
import type { TelemetryDB } from "../../analysis/frames/telemetry_db.ts";
import { KymoError, quote } from "../../errors.ts";
import { isRecordingName } from "../../files/names.ts";
import type { Files } from "../../runtime.ts";
import { type ExitCode, exitCode } from "../exit_code.ts";
import { progressBar } from "../terminal/progress_bar.ts";
import type { CliContext } from "../context.ts";
import { boundsOf, type SelectionOptions } from "./selection_options.ts";
import { writeError } from "../terminal/text.ts";

/** Opens what the user named: directories, files, or patterns of files. `doing` is what cannot be done if there is no such thing. */
export async function openRecording(
  sources: readonly string[],
  doing: string,
  { look, runtime: { files } }: CliContext,
  selected: Pick<SelectionOptions, "from" | "to"> = {},
): Promise<TelemetryDB> {
  for (const source of sources) {
    const found = look(source);
    if (found === "nothing" && !/[*?[]/.test(source)) {
      throw new KymoError("not-found", `Cannot ${doing}: no such file or directory: ${quote(source)}`);
    }
    const below = found === "directory" ? recordingsBelow(files, source) : [];
    if (below.length > 0) {
      const names = below.map((name) => quote(name)).join(", ");
      throw new KymoError(
        "invalid-argument",
        `Cannot ${doing}: nothing is recorded in ${quote(source)} itself, but in it there are: ${names}`,
      );
    }
  }
  const [{ TelemetryDB }, { estimateTimeRange }] = await Promise.all([
    import("../../analysis/frames/telemetry_db.ts"),
    import("../../analysis/summary/time_estimate.ts"),
  ]);
  return await TelemetryDB.open(sources, boundsOf(selected, () => estimateTimeRange(sources, files)));
}

/** Directories with recordings in a directory that has none itself: one may have named it by mistake. */
function recordingsBelow(files: Files, directory: string): string[] {
  const list = (path: string): string[] => {
    try {
      return files.list(files.resolve(path));
    } catch {
      return []; // a file, or nobody may look into it, which whoever reads it is told
    }
  };
  const isRecording = (names: readonly string[]): boolean => names.some(isRecordingName);
  const names = list(directory);
  return isRecording(names) ? [] : names.sort().filter((name) => isRecording(list(`${directory}/${name}`)));
}

/** Tells what was not read, each problem on a line of `stderr`, and returns the exit code that follows from it. */
export function tellUnread({ problems, unread }: Reading, { stderr }: CliContext): ExitCode {
  for (const { file, line, rows, reason } of problems) {
    const where = sanitize(line > 0 ? `${file}:${line}` : file);
    const lost = rows > 0 ? ` (${counted(rows, "row")})` : "";
    writeError(stderr, `Cannot read: ${where}: ${sanitize(reason)}${lost}`);
  }
  const told = problems.reduce((sum, { rows }) => sum + rows, 0);
  if (unread > told) writeError(stderr, `Cannot read: ${counted(unread - told, "further row")}`);
  return unread > 0 || problems.length > 0 ? exitCode.incomplete : exitCode.ok;
}

/** How often a progress bar moves, ms. */
const MOVE_INTERVAL = 100;

/** Shows a progress bar while files are read. */
export async function whileReading<Result>(
  db: Pick<TelemetryDB, "reading" | "progress">,
  context: CliContext,
  work: () => Promise<Result>,
): Promise<Result> {
  using bar = progressBar(context, "Reading");
  const stop = context.runtime.timers.every(MOVE_INTERVAL, () => {
    const { progress } = db;
    bar.update(progress, 1, `${Math.floor(100 * progress)} % of ${counted(db.reading.files, "file")}`);
  });
  try {
    return await work();
  } finally {
    stop();
  }
}
