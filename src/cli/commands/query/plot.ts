import type { Command } from "commander";
import { formatBytes, formatSpan } from "../../../display/numbers.ts";
import { sanitize } from "../../../display/sanitize.ts";
import { KymoError, quotePath } from "../../../errors.ts";
import type { CliContext } from "../../context.ts";
import type { ExitCode } from "../../exit_codes.ts";
import { DEFAULT_DIRECTORY_HELP, directoryAndRest } from "../../input/default_directory.ts";
import { checkOutputFile } from "../../input/output_file.ts";
import { addSelectionOptions, type SelectionOptions, SOURCE_HELP } from "../../input/options.ts";
import { openRecording, reportUnread, whileReading } from "../../input/recording.ts";
import { databaseHelp } from "../../input/store_password.ts";
import { timeArgumentHelp } from "../../input/time_argument.ts";
import { NANOSECONDS_PER_SECOND } from "../../../series.ts";
import { jsonLine, unreadOf } from "../../terminal/json_output.ts";
import { SPACED } from "../../terminal/style.ts";

const description = "Draw series, and what is computed of them, as SVG or PNG";

const details = `
DIR is a monitoring directory, a CSV file, a pattern of files, or the address of
a database. The first word is DIR if there is such a file or directory, and
otherwise an expression. Each expression is a line; those of one unit share a
panel. An expression is made of

  "/orders [GET]"    a label; the quotes may be left out if it has only letters
                     and digits. Alone it is the mean of its observations; of
                     memory (rss, "heap used" …) the sum of all processes; of a
                     counter, such as "user time", its growth per second
  "→ db.local [GET]" a label of outgoing requests
  cpu                the CPU time per time of all processes: 1 is a core
  mean, median,      of the observations in each interval, whatever process
                     they are of: mean(rss) is that of a process; min, max
  p50 to p99         and quantile("/orders [GET]", 0.999), too
  count, rate, sum   how many, how many per second, and their sum
  + - * / ( ) 0.5    of these and of numbers

A label that is in several channels is that of duration, then runtime, then
custom. Marks are drawn as lines. Where nothing was recorded a line is
interrupted. A PNG needs the package @resvg/resvg-js, and a font.
${databaseHelp}
${timeArgumentHelp}

--json prints one object: path, bytes, points of each line, every (seconds),
unread: {rows, problems: [{file, line, rows, reason}]}.

Examples:
  kymo plot _monitoring 'p99("/orders [GET]")' 'p50("/orders [GET]")' -o x.svg
  kymo plot 'rate("/orders [GET]")' -o requests.png --every 1m
  kymo plot 'sum(query) / sum("/orders [GET]")' -o share.svg --from -1h
  kymo plot _monitoring rss '"heap used"' cpu -o memory.svg`;

interface PlotCommandOptions extends SelectionOptions {
  readonly output: string;
  readonly every?: string;
  readonly title?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** Adds `kymo plot [DIR] EXPRESSION…` to the command line; it passes its exit code to `end`. */
export function addPlotCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  const command = program.command("plot")
    .description(description)
    .usage("[options] [DIR] <EXPRESSION...>")
    .argument("[DIR]", `${SOURCE_HELP}; ${DEFAULT_DIRECTORY_HELP}`)
    .argument("[EXPRESSION...]", "what is drawn, each as a line")
    .requiredOption("-o, --output <FILE>", "the file to write: its name ends in .svg or .png");
  addSelectionOptions(command)
    .option("--every <TIME>", "length of the interval of a point, such as 1s (default: up to 240 points)")
    .option("--title <TEXT>", "the title (default: the expressions)")
    .option("--force", "replace an existing file")
    .option("--json", "print one JSON object")
    .addHelpText("after", details)
    .action(async (first: string | undefined, others: string[], options: PlotCommandOptions) => {
      const given = first === undefined ? [] : [first, ...others];
      const what = { most: Infinity, what: "an expression" };
      const { directory, isDefault, rest } = directoryAndRest(given, what, "plot", context);
      if (rest.length === 0) throw new KymoError("invalid-argument", "Cannot plot: give an EXPRESSION, such as rss");
      try {
        end(await plot(directory, rest, options, context));
      } catch (error) {
        if (!isDefault || !(error instanceof KymoError) || !isOfExpression(error)) throw error;
        const message = `${error.message}; there is no file or directory ${quotePath(rest[0]!)} either`;
        throw new KymoError(error.code, message, { cause: error });
      }
    });
}

/** Whether a word was meant for DIR may be asked where it is neither an expression nor a label. */
function isOfExpression({ code, message }: KymoError): boolean {
  return code === "not-found" && message.includes("no such label");
}

/** Writes the picture, reports what could not be read, and returns the exit code. */
async function plot(
  directory: string,
  expressions: readonly string[],
  options: PlotCommandOptions,
  context: CliContext,
): Promise<ExitCode> {
  const { stdout } = context;
  const { output, every, title, force = false, json = false } = options;
  checkOutputFile({ path: output, action: "plot", force }, context);
  const { plotToFile } = await import("../../../analysis/plot/plot.ts");
  await using recording = await openRecording([directory], "plot", context, options);
  const { db } = recording;
  const written = await whileReading(db, context, async () =>
    await plotToFile(db, expressions, output, {
      within: await recording.select(),
      ...every !== undefined && { every },
      ...title !== undefined && { title },
    }));
  const { bytes, points } = written;
  const seconds = Number(written.every) / NANOSECONDS_PER_SECOND;
  const unread = unreadOf(db.reading);
  stdout.write(
    json
      ? jsonLine("plot", { path: output, bytes, points, every: seconds, unread })
      : `Wrote ${sanitize(output)}: a point each ${formatSpan(seconds, SPACED)}, ${formatBytes(bytes, SPACED)}.\n`,
  );
  return reportUnread(db.reading, context);
}
