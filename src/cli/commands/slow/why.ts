import type { Command } from "commander";
import { formatClock, formatDay } from "../../../display/local_time.ts";
import { counted, formatChange, formatDuration, formatPercent } from "../../../display/numbers.ts";
import { sanitize } from "../../../display/sanitize.ts";
import { KymoError, quote } from "../../../errors.ts";
import type { Explanation } from "../../../report/why.ts";
import type { Finding } from "../../../report/shared/report_data.ts";
import type { CliContext } from "../../context.ts";
import type { ExitCode } from "../../exit_codes.ts";
import { DEFAULT_DIRECTORY_HELP, directoryOr, isThere } from "../../input/default_directory.ts";
import { addSelectionOptions, type SelectionOptions, SOURCE_HELP } from "../../input/options.ts";
import { openRecording, refuseNothing, reportUnread, whileReading } from "../../input/recording.ts";
import { databaseHelp } from "../../input/store_password.ts";
import { timeArgumentHelp } from "../../input/time_argument.ts";
import { jsonLine, unreadOf } from "../../terminal/json_output.ts";
import { bold, dim, SPACED } from "../../terminal/style.ts";

const description = "Tell what is known of one label, and what sets its slow samples apart";

const details = `
DIR is a monitoring directory, a CSV file, a pattern of files, or the address of
a database. LABEL is a label as it was recorded, of durations or of the runtime.
The slow durations of a label, those of its slow mode or its slowest 1 %, are
compared with its others: what ran within them, outgoing requests, how long the
event loop was blocked and by what, garbage collection, how many of the label
were under way when they began, and whether most are of one process or one time.
How sure a difference is comes from rank tests, which count samples as
independent, and is corrected for the number of series that were looked at.
What goes together need not be the cause.
${databaseHelp}
${timeArgumentHelp}

--json prints one object. Durations are in seconds, shares from 0 to 1.
  label       the label
  statistics  {count, sum, mean, min, p50, p90, p99, p999, max}, if it has
              durations
  modes       what they are around, if that is several: [{share, around, from}]
  steps       when their median changed: [{at, within, before, after, chance,
              mark?}]; at: ns since 1970, as text; within: ns
  slow        {which, threshold, slow, others: {count, examined, time}, apart},
              if it has durations; apart: [{kind, label?, slow, others, chance,
              text, sureness}], what explains the most first; kind: "lag",
              "upstream", "block", "gc", "queueing", "process" or "time"
  findings    of the report, that are about it: [{kind, weight, text, because?,
              label?, process?, window?, also?}]
  unread      {rows, problems: [{file, line, rows, reason}]}

Examples:
  kymo why _monitoring "/orders/:id [GET]"
  kymo why "/orders/:id [GET]"
  kymo why _monitoring "gc pause" --from -1h
  kymo why _monitoring render --json | jq '.slow.apart[0]'`;

interface WhyCommandOptions extends SelectionOptions {
  readonly json?: boolean;
}

/** Adds `kymo why [DIR] LABEL` to the command line; it passes its exit code to `end`. */
export function addWhyCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  const command = program.command("why")
    .description(description)
    .usage("[options] [DIR] <LABEL>")
    .argument("[DIR]", `${SOURCE_HELP}; ${DEFAULT_DIRECTORY_HELP}`)
    .argument("[LABEL]", "a label, as it was recorded");
  addSelectionOptions(command)
    .option("--json", "print one JSON object")
    .addHelpText("after", details)
    .action(async (first: string | undefined, second: string | undefined, options: WhyCommandOptions) => {
      // A single word is always LABEL.
      const [source, label] = second === undefined ? [undefined, first] : [first, second];
      if (label === undefined) throw new KymoError("invalid-argument", "Cannot explain: give LABEL");
      end(await explain(source, label, options, context));
    });
}

/** Prints what is known of a label, reports what could not be read, and returns the exit code. */
async function explain(
  source: string | undefined,
  label: string,
  { label: _, json = false, ...options }: WhyCommandOptions,
  context: CliContext,
): Promise<ExitCode> {
  const { stdout, version: kymo } = context;
  // Whatever its label, it may be what made others slow.
  await using recording = await openRecording([directoryOr(source, "explain", context)], "explain", context, options);
  const { db } = recording;
  const { explainLabel } = await import("../../../report/why.ts");
  const explanation = await whileReading(db, context, async () => {
    const { labels: __, ...selection } = await recording.select();
    const time = (timepoint: bigint): string => `${formatDay(timepoint)}, ${formatClock(timepoint)}`;
    return await explainLabel(db, label, { title: "", kymo, made: new Date(), selection, time });
  });
  const { reading } = db;
  if (explanation === undefined) {
    const isDirectory = source === undefined && isThere(label, context);
    const hint = isDirectory ? "; it is a file or directory: give LABEL after it" : "";
    refuseNothing(recording, "explain", context, `${quote(label)}: nothing with this label${hint}`);
  }
  const unread = unreadOf(reading);
  stdout.write(json ? jsonLine("why", { ...explanation, unread }) : formatExplanation(explanation, stdout.hasColors));
  return reportUnread(reading, context);
}

/** An explanation as text. */
function formatExplanation(
  { label, statistics, modes, steps, slow, findings }: Explanation,
  hasColors: boolean,
): string {
  const [strong, weak] = hasColors ? [bold, dim] : [String, String];
  const lines = [strong(sanitize(label))];
  if (statistics !== undefined) {
    const { count, p50, p99, max } = statistics;
    const [middle, high, longest] = [p50, p99, max].map((seconds) => formatDuration(seconds, SPACED));
    lines.push(`${counted(count, "duration")}, median ${middle}, p99 ${high}, longest ${longest}`);
  }
  if (modes.length > 1) {
    const told = modes.map(({ share, around }) =>
      `${formatPercent(Math.round(100 * share) / 100, { ...SPACED, trim: true })} around ${
        formatDuration(around, SPACED)
      }`
    );
    lines.push(`${modes.length} typical times: ${told.join(", ")}`);
  }
  for (const { at, before, after, mark } of steps) {
    const marked = mark === undefined ? "" : ` (mark “${sanitize(mark)}”)`;
    lines.push(
      `${formatChange(after / before)} % at ${formatDay(BigInt(at))}, ${formatClock(BigInt(at))}${marked}: median ` +
        `${formatDuration(before, SPACED)} before, ${formatDuration(after, SPACED)} after`,
    );
  }
  if (slow !== undefined) {
    lines.push("", strong("What sets its slow ones apart"), weak(plain(slow.which)));
    if (slow.apart.length === 0) lines.push("Nothing that was recorded sets them apart.");
    for (const { text, sureness } of slow.apart) lines.push(`- ${plain(text)}`, weak(`  ${plain(sureness)}`));
  }
  lines.push("", strong("Findings"));
  if (findings.length === 0) lines.push("None is about it.");
  for (const finding of findings) lines.push(...formatFinding(finding, ""));
  return `${lines.join("\n")}\n`;
}

function formatFinding({ weight, text, because, also = [] }: Finding, indent: string): string[] {
  const own = `${indent}- ${weight}: ${plain(text)}${because === undefined ? "" : ` ${plain(because)}`}`;
  return [own, ...also.flatMap((of) => formatFinding(of, `${indent}  `))];
}

/** A sentence for a terminal: labels may hold anything, and spaces may break. */
function plain(text: string): string {
  return sanitize(text).replaceAll("\u00a0", " ");
}
