import type { Command } from "commander";
import { jsonHelp, toJson } from "./json.ts";
import { REMARK_FORMAT } from "./programs.ts";
import { parseColumns } from "./extra_columns.ts";
import { parseQuantiles, parseSortKey } from "./series_order.ts";
import { formatSummary } from "./text.ts";
import type { Selection, TimeRange } from "../../../analysis/frames/selection.ts";
import type { StoredSeries } from "../../../analysis/stored/store.ts";
import { CHANNELS } from "../../../series.ts";
import { isServerAddress } from "../../../stores/readable_address.ts";
import type { CliContext } from "../../context.ts";
import type { ExitCode } from "../../exit_codes.ts";
import { DEFAULT_DIRECTORY_HELP, directoriesOr } from "../../input/default_directory.ts";
import { addSelectionOptions, type SelectionOptions, SOURCES_HELP, wholeNumber } from "../../input/options.ts";
import { openRecording, refuseNothing, reportBadRecords, reportUnread, whileReading } from "../../input/recording.ts";
import { databaseHelp } from "../../input/store_password.ts";
import { timeArgumentHelp } from "../../input/time_argument.ts";

const description = "Show how often and how long, by label, and the memory, CPU time and GC of the runtime";

const details = `
DIR is a monitoring directory, a CSV file, a pattern of files, or the address of
a database, which computes most of it itself if it is the only one. What running
programs have not yet flushed is read from their spools. Rates are per second of
the time in which a program lived and recording was on, from the first to the
last selected observation. A narrow terminal shows fewer columns; --json has
everything, and std if --columns asks for it: then a database computes nothing,
and all selected rows are fetched.
${databaseHelp}
${timeArgumentHelp}
${jsonHelp}

Examples:
  kymo summary _monitoring
  kymo summary _monitoring --label "/orders*" --from -5m
  kymo summary _monitoring --sort p99 --quantiles 0.5,0.99,0.9999
  kymo summary _monitoring --columns min,std
  kymo summary _monitoring --json | jq .durations`;

interface SummaryCommandOptions extends SelectionOptions {
  readonly byProcess?: boolean;
  readonly quantiles: string;
  readonly columns?: string;
  readonly sort: string;
  readonly top: number;
  readonly json?: boolean;
}

/** Adds `kymo summary DIR…` to the command line; it passes its exit code to `end`. */
export function addSummaryCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  const command = program.command("summary")
    .description(description)
    .argument("[DIR...]", `${SOURCES_HELP}; ${DEFAULT_DIRECTORY_HELP}`);
  addSelectionOptions(command)
    .option("--by-process", "show each process separately")
    .option("--quantiles <LIST>", "quantiles to show, as p99.9 or 0.999", "p50,p90,p99,p99.9")
    .option("--columns <LIST>", "further columns of series: min, std (the sample standard deviation)")
    .option("--sort <KEY>", "order of the series: total, count, mean, max, label, or a quantile", "total")
    .option("--top <N>", "how many series of each kind; 0 is all", wholeNumber(0), 100)
    .option("--json", "print one JSON object")
    .addHelpText("after", details)
    .action(async (sources: string[], options: SummaryCommandOptions) => {
      end(await summarizeRecording(directoriesOr(sources, "summarize", context), options, context));
    });
}

/** Prints a summary, reports what could not be read, and returns the exit code. */
async function summarizeRecording(
  given: readonly string[],
  options: SummaryCommandOptions,
  context: CliContext,
): Promise<ExitCode> {
  const { stdout } = context;
  const { byProcess = false, json = false, top } = options;
  const quantiles = parseQuantiles(options.quantiles);
  const columns = parseColumns(options.columns);
  const withDeviation = columns.includes("std");
  const sort = parseSortKey(options.sort, quantiles);
  const { estimateTimeRange } = await import("../../../analysis/summary/time_estimate.ts");
  let estimated: ReturnType<typeof estimateTimeRange>;
  // Once: it lists the directories.
  const estimate = (): typeof estimated => estimated ??= estimateTimeRange(given, context.runtime.files);
  // A server alone computes what it can, and only the rows of the runtime and marks are fetched.
  const isStored = given.length === 1 && isServerAddress(given[0]!) && !withDeviation;
  const needs = isStored ? { channels: [CHANNELS.runtime, CHANNELS.mark] } : {};
  await using recording = await openRecording(given, "summarize", context, options, { estimate, ...needs });
  const { db, sources: { names: sources, stores: [address] } } = recording;
  const [
    { summarize },
    { programsOf },
    { remarksOn },
    { remarksOnPauses },
    { growingMemory },
  ] = await Promise.all([
    import("../../../analysis/summary/summary.ts"),
    import("../../../analysis/programs/program.ts"),
    import("../../../analysis/programs/remarks.ts"),
    import("../../../analysis/programs/pause_remarks.ts"),
    import("../../../analysis/summary/growing_memory.ts"),
  ]);
  const summary = await whileReading(db, context, async () => {
    const selection = { ...await recording.select(), byProcess, quantiles, withDeviation };
    return isStored
      ? await whileStored(
        address!,
        options,
        selection,
        context,
        (computed) => summarize(db, { ...selection, ...computed }),
      )
      : await summarize(db, { ...selection, estimate: options.program === undefined ? estimate() : undefined });
  });
  const { reading } = db;
  const records = db.programRecords(summary.processes);
  const programs = programsOf(records, summary);
  const remarks = [
    ...remarksOn(programs, REMARK_FORMAT),
    ...await growingMemory(db, summary, programs, REMARK_FORMAT),
    ...remarksOnPauses(programs, summary.pauses, summary.range, REMARK_FORMAT),
  ];
  if (json) stdout.write(toJson(summary, { sources, reading, programs, remarks, sort }));
  else {
    const { columns: width, hasColors } = stdout;
    stdout.write(
      formatSummary(summary, { sources, reading, programs, remarks, sort, columns, byProcess, top, width, hasColors }),
    );
  }
  reportBadRecords(records, context);
  if (summary.rows === 0) refuseNothing(recording, "summarize", context);
  return reportUnread(reading, context);
}

/** What a store computes of a summary. */
interface Computed {
  readonly estimate: TimeRange | undefined;
  readonly stored?: StoredSeries;
}

/** Opens a store for as long as it is asked for what it computes. */
async function whileStored<Result>(
  address: string,
  { program }: SummaryCommandOptions,
  { labels, pids, isolates, from, to }: Selection,
  { runtime }: CliContext,
  work: (computed: Computed) => Promise<Result>,
): Promise<Result> {
  const { openStore, whileReadingStore } = await import("../../../analysis/stored/open_store.ts");
  const store = await openStore(address, runtime, {
    ...program && { program },
    ...labels !== undefined && { labels: [labels].flat() },
    ...pids && { pids },
    ...isolates && { isolates },
    ...from !== undefined && { from },
    ...to !== undefined && { to },
  });
  try {
    return await whileReadingStore(async () =>
      await work({ estimate: await store.range(), ...store.series && { stored: store.series } })
    );
  } finally {
    await store.close();
  }
}
