import { type Command, InvalidArgumentError } from "commander";
import { pruneOn, type PruneSummary } from "../../control/retention/prune.ts";
import { RETENTION_CHECKS, type RetentionOptions } from "../../control/retention_options.ts";
import { counted, formatBytes } from "../../display/numbers.ts";
import { sanitize } from "../../display/sanitize.ts";
import { KymoError } from "../../errors.ts";
import { BYTE_UNITS, parseBytes, parseMilliseconds, TIME_UNITS } from "../../quantities.ts";
import type { CliContext } from "../context.ts";
import { type ExitCode, exitCode } from "../exit_codes.ts";
import { DEFAULT_DIRECTORY_HELP, directoryOr } from "../input/default_directory.ts";
import { jsonLine } from "../terminal/json_output.ts";
import { openMonitoringDirectory } from "../input/monitoring_directory.ts";
import { writeError } from "../terminal/style.ts";

const description = "Remove the oldest files of a recording, down to limits";

const details = `
Removes published files of the monitoring directory DIR, the oldest first: CSV
and Parquet files, profiles, damaged spools, and the records of programs of
which nothing is left. At least one limit must be given. It removes nothing that
is in use or not of Kymo, nor what kymo ship has not shipped yet to all
databases, unless --drop-unshipped is given. Programs may record meanwhile. They
keep the same limits by themselves with the option "retention" of start.

Sizes are those on the disk, in blocks of 4 KiB.

--dry-run prints the names of the files, of more than 20 the first ones.

--json prints one object: removed and left (files and bytes each), names (of the
removed files, the oldest first; the first 1,000), unshippedRows (removed, and
not shipped yet), isWithin (whether the limits are kept), failures (messages;
the files are kept).

Exit code 1 if the limits are not kept: what is left is in use, or not yours.

Examples:
  kymo prune _monitoring --max-age 7d
  kymo prune _monitoring --max-bytes 1GiB --dry-run
  kymo prune _monitoring --max-bytes 1GiB --min-free 500MB --json`;

/** Files that --dry-run prints at most. */
const MOST_PRINTED = 20;

interface PruneCommandOptions extends RetentionOptions {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** Adds `kymo prune DIR` to the command line; it passes its exit code to `end`. */
export function addPruneCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  program.command("prune")
    .description(description)
    .argument("[DIR]", `the monitoring directory; ${DEFAULT_DIRECTORY_HELP}`)
    .option("--max-age <TIME>", "remove what is older, such as 7d", limit("maxAge", parseMilliseconds, TIME_UNITS))
    .option("--max-bytes <SIZE>", "what may stay, such as 1GiB", limit("maxBytes", parseBytes, BYTE_UNITS))
    .option("--min-free <SIZE>", "what is to be free on the volume", limit("minFree", parseBytes, BYTE_UNITS))
    .option("--drop-unshipped", "also what kymo ship has not shipped yet, or kymo serve not counted")
    .option("--dry-run", "remove nothing, and print what would be removed")
    .option("--json", "print one JSON object")
    .addHelpText("after", details)
    .action(async (directory: string | undefined, options: PruneCommandOptions) => {
      end(await pruneDirectory(directory, options, context));
    });
}

async function pruneDirectory(
  given: string | undefined,
  { dryRun = false, json = false, ...limits }: PruneCommandOptions,
  context: CliContext,
): Promise<ExitCode> {
  const { runtime, stdout, stderr } = context;
  if (!Object.values(limits).some((limit) => typeof limit === "number")) {
    throw new KymoError("invalid-argument", "Cannot prune: give at least one of --max-age, --max-bytes and --min-free");
  }
  const directory = directoryOr(given, "prune", context);
  openMonitoringDirectory(directory, "prune", context);
  const summary = await pruneOn(runtime, directory, limits, { dryRun });
  const failures = summary.failures.map(({ message }) => message);
  const named = dryRun ? formatNames(summary) : "";
  stdout.write(json ? jsonLine("prune", { ...summary, failures }) : `${named}${formatSummary(summary, dryRun)}\n`);
  for (const failure of failures) writeError(stderr, failure);
  return summary.isWithin && failures.length === 0 ? exitCode.ok : exitCode.incomplete;
}

/** A line for each file that would be removed, up to a limit. */
function formatNames({ names, removed: { files } }: PruneSummary): string {
  const lines = names.slice(0, MOST_PRINTED).map(sanitize);
  if (files > lines.length) lines.push(`… and ${counted(files - lines.length, "more file")}`);
  return lines.map((line) => `${line}\n`).join("");
}

function formatSummary({ removed, left, isWithin, unshippedRows }: PruneSummary, dryRun: boolean): string {
  const verb = dryRun ? "Would remove" : "Removed";
  const what = removed.files === 0 ? "nothing" : `${counted(removed.files, "file")}, ${formatBytes(removed.bytes)}`;
  const rest = `${counted(left.files, "file")}, ${formatBytes(left.bytes)}, ${dryRun ? "would be" : "are"} left`;
  const lost = unshippedRows > 0 ? ` (${counted(unshippedRows, "row")} not shipped yet)` : "";
  return `${verb} ${what}${lost}; ${rest}${isWithin ? "" : ", which is more than the limits allow"}.`;
}

/** Returns a parser of a limit. */
function limit(
  name: Exclude<keyof RetentionOptions, "dropUnshipped">,
  parse: (text: string) => number | undefined,
  units: string,
): (text: string) => number {
  return (text) => {
    const value = parse(text);
    if (value === undefined) throw new InvalidArgumentError(`It must be a number and a unit: ${units}.`);
    const wrong = RETENTION_CHECKS[name](value);
    if (wrong !== undefined) throw new InvalidArgumentError(`It ${wrong}.`);
    return value;
  };
}
