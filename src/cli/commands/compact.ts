import { type Command, InvalidArgumentError } from "commander";
import type { CompactionSummary, Compactor } from "../../analysis/compaction/compactor.ts";
import { counted, formatBytes } from "../../display/numbers.ts";
import { sanitize } from "../../display/sanitize.ts";
import { parseMilliseconds, TIME_UNITS } from "../../quantities.ts";
import { sleepUnless } from "../../runtime.ts";
import type { CliContext } from "../context.ts";
import { type ExitCode, exitCode } from "../exit_codes.ts";
import { DEFAULT_DIRECTORY_HELP, directoryOr } from "../input/default_directory.ts";
import { jsonLine } from "../terminal/json_output.ts";
import { openMonitoringDirectory } from "../input/monitoring_directory.ts";
import { progressBar } from "../terminal/progress_bar.ts";
import { SPACED, writeError } from "../terminal/style.ts";

const description = "Make few Parquet files of many CSV files";

const details = `
The files of a channel and hour (UTC) become one Parquet file, compressed and
sorted by label and time, which names them; then they are removed. All commands
read both kinds together and find each row once, also while this one runs, and
after it was killed. Left alone are files that are not older than --older, files
to which programs append, damaged files, which are told, and files that Kymo has
not written.

With --follow it looks again each minute, takes an hour once all of it is that
old, and ends with SIGTERM or SIGINT. Only one program at a time may compact a
directory.

--json prints one object: inputs (files replaced), outputs (files made), rows,
bytesBefore, bytesAfter, finished (files that an interrupted run had replaced),
young (files not old enough, or not shipped yet), problems: [{file, line, rows,
reason}]. With --follow one object a line, for each look that changed or found
something.

Examples:
  kymo compact _monitoring
  kymo compact _monitoring --older 10m
  kymo compact _monitoring --follow`;

/** Milliseconds between two looks with `--follow`. */
const LOOK_INTERVAL = 60_000;

const HOUR_MS = 3_600_000;

interface CompactCommandOptions {
  readonly older: number;
  readonly follow?: boolean;
  readonly json?: boolean;
}

/** Adds `kymo compact DIR` to the command line; it passes its exit code to `end`. */
export function addCompactCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  program.command("compact")
    .description(description)
    .argument("[DIR]", `the monitoring directory; ${DEFAULT_DIRECTORY_HELP}`)
    .option("--older <TIME>", `only files that ended so long ago (${TIME_UNITS}); default 1h`, parseAge, HOUR_MS)
    .option("--follow", "go on until SIGTERM or SIGINT")
    .option("--json", "print one JSON object")
    .addHelpText("after", details)
    .action(async (directory: string | undefined, options: CompactCommandOptions) => {
      end(await compact(directoryOr(directory, "compact", context), options, context));
    });
}

/** Compacts a directory once or again and again, prints what was done, and returns the exit code. */
async function compact(directory: string, options: CompactCommandOptions, context: CliContext): Promise<ExitCode> {
  const { runtime, onStop } = context;
  openMonitoringDirectory(directory, "compact", context);
  const { Compactor } = await import("../../analysis/compaction/compactor.ts");
  await using compactor = await Compactor.open(runtime, directory);
  const stop = new AbortController();
  const forget = onStop(() => stop.abort());
  try {
    return options.follow ? await follow(compactor, options, context, stop.signal) : await once();
  } finally {
    forget();
  }

  async function once(): Promise<ExitCode> {
    const summary = await run(compactor, options, context, stop.signal);
    return report(summary, options, context, new Set());
  }
}

/** Compacts until the signal; returns the exit code. */
async function follow(
  compactor: Compactor,
  options: CompactCommandOptions,
  context: CliContext,
  signal: AbortSignal,
): Promise<ExitCode> {
  const told = new Set<string>();
  while (!signal.aborted) {
    const summary = await run(compactor, options, context, signal);
    report(summary, options, context, told);
    await sleepUnless(context.runtime.timers, LOOK_INTERVAL, signal);
  }
  return exitCode.ok;
}

async function run(
  compactor: Compactor,
  { older, follow: wholeHours = false }: CompactCommandOptions,
  context: CliContext,
  signal: AbortSignal,
): Promise<CompactionSummary> {
  using bar = progressBar(context, "Compacting");
  return await compactor.run({
    older,
    wholeHours,
    signal,
    onProgress: ({ done, files }) => bar.update(done, files, `${done} of ${counted(files, "file")}`),
  });
}

/** Prints what was done, and what is left alone unless that was `told`; returns the exit code. */
function report(
  summary: CompactionSummary,
  { json = false, follow = false }: CompactCommandOptions,
  { stdout, stderr }: CliContext,
  told: Set<string>,
): ExitCode {
  const problems = summary.problems.filter((problem) => {
    const text = JSON.stringify(problem);
    return !told.has(text) && told.add(text);
  });
  const isNews = summary.outputs > 0 || summary.finished > 0 || problems.length > 0;
  if (!follow || isNews) stdout.write(json ? jsonLine("compact", { ...summary, problems }) : `${inWords(summary)}\n`);
  for (const { file, line, reason } of problems) {
    const where = sanitize(line > 0 ? `${file}:${line}` : file);
    writeError(stderr, `Cannot compact: ${where}: ${sanitize(reason)}`);
  }
  return problems.length > 0 ? exitCode.incomplete : exitCode.ok;
}

/** A summary as a sentence. */
function inWords({ inputs, outputs, bytesBefore, bytesAfter, finished, young }: CompactionSummary): string {
  const parts = [];
  const made = `${counted(outputs, "file")} (${formatBytes(bytesAfter, SPACED)})`;
  if (outputs > 0) parts.push(`Made ${made} of ${counted(inputs, "file")} (${formatBytes(bytesBefore, SPACED)})`);
  else parts.push("Nothing to compact");
  if (finished > 0) parts.push(`removed ${counted(finished, "file")} that an interrupted run had replaced`);
  if (young > 0) {
    parts.push(`${counted(young, "file")} ${young === 1 ? "is" : "are"} not old enough, or not shipped yet`);
  }
  return `${parts.join("; ")}.`;
}

function parseAge(text: string): number {
  const age = parseMilliseconds(text);
  if (age === undefined) throw new InvalidArgumentError(`It must be a length of time, such as 1h (${TIME_UNITS}).`);
  return age;
}
