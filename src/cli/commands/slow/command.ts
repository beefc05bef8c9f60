import type { Command } from "commander";
import type { ProcessId } from "../../../files/names.ts";
import { processKey } from "../../../files/names.ts";
import { quotePath } from "../../../errors.ts";
import type { CliContext } from "../../context.ts";
import type { ExitCode } from "../../exit_codes.ts";
import { DEFAULT_DIRECTORY_HELP, type DirectoryAndRest, directoryAndRest } from "../../input/default_directory.ts";
import { addSelectionOptions, type SelectionOptions, SOURCE_HELP, wholeNumber } from "../../input/options.ts";
import { openRecording, refuseNothing, reportBadRecords, reportUnread, whileReading } from "../../input/recording.ts";
import { databaseHelp } from "../../input/store_password.ts";
import { timeArgumentHelp } from "../../input/time_argument.ts";
import { unreadOf } from "../../terminal/json_output.ts";
import { formatSlow, jsonHelp, slowToJson } from "./text.ts";

const description = "Show the slowest samples, and what ran beside each";

const details = `
DIR is a monitoring directory, a CSV file, a pattern of files, or the address of
a database. LABEL is a label or a pattern of labels; * is any text, ? any
character. Without one, the slowest of all labels are shown, without outgoing
requests, and without streams, which last as long as their clients want. A
single word is DIR if there is such a file or directory, and otherwise LABEL.

Below each sample is what overlapped it in the same process, and for how long:
blocks and requests during it, around it, or beside it, which only ran at the
same time; outgoing requests (→); how long the event loop was blocked; and
garbage collection. Where several of one label overlap each other, their time
counts once. Pauses for garbage collection are recorded at the next tick of the
sampler, so that their time is an estimate. What ran at the same time need not
be the cause: kymo why weighs it against the other samples.
${databaseHelp}
${timeArgumentHelp}
${jsonHelp}

Examples:
  kymo slow _monitoring
  kymo slow _monitoring "/orders/:id [GET]"
  kymo slow "/orders/:id [GET]"
  kymo slow _monitoring "/orders*" --top 3 --from -5m
  kymo slow _monitoring --json | jq '.samples[0].overlaps'`;

interface SlowCommandOptions extends SelectionOptions {
  readonly top: number;
  readonly json?: boolean;
}

/** Adds `kymo slow [DIR] [LABEL]` to the command line; it passes its exit code to `end`. */
export function addSlowCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  const command = program.command("slow")
    .description(description)
    .argument("[DIR]", `${SOURCE_HELP}; ${DEFAULT_DIRECTORY_HELP}`)
    .argument("[LABEL]", "a label or a pattern of labels");
  addSelectionOptions(command)
    .option("--top <N>", "how many samples", wholeNumber(1, 1_000), 10)
    .option("--json", "print one JSON object")
    .addHelpText("after", details)
    .action(async (first: string | undefined, second: string | undefined, options: SlowCommandOptions) => {
      const given = [first, second].filter((word) => word !== undefined);
      const named = directoryAndRest(given, { most: 1, what: "a label" }, "show slow samples", context);
      end(await showSlowest(named, [...named.rest, ...options.label ?? []], options, context));
    });
}

/** Prints the slowest samples, reports what could not be read, and returns the exit code. */
async function showSlowest(
  { directory, isDefault, rest }: DirectoryAndRest,
  labels: readonly string[],
  { label: _, ...options }: SlowCommandOptions,
  context: CliContext,
): Promise<ExitCode> {
  const { stdout } = context;
  const { top, json = false } = options;
  // Whatever its label, it may have overlapped: labels are selected later.
  await using recording = await openRecording([directory], "show slow samples", context, options);
  const { db, sources: { names: sources } } = recording;
  const [{ slowest }, { programsOf, programNames }] = await Promise.all([
    import("../../../analysis/slow/slowest.ts"),
    import("../../../analysis/programs/program.ts"),
  ]);
  const samples = await whileReading(db, context, async () => {
    const { labels: __, ...within } = await recording.select();
    return await slowest(db, { within, count: top, ...labels.length > 0 && { labels } });
  });
  const { reading } = db;
  if (samples.length === 0) {
    const none = labels.length > 0 ? "no durations with such a label" : "no durations";
    const neither = isDefault && rest.length > 0 ? `, and no file or directory ${quotePath(rest[0]!)}` : "";
    refuseNothing(recording, "show slow samples", context, `${sources.map(quotePath).join(", ")}: ${none}${neither}`);
  }
  const processes: ProcessId[] = [
    ...new Map(samples.map(({ pid, isolate }) => [processKey({ pid, isolate }), { pid, isolate }])).values(),
  ];
  const records = db.programRecords(processes);
  const names = programNames(programsOf(records, { processes }));
  const nameOf = (process: ProcessId): string => names.get(processKey(process)) ?? `PID ${process.pid}`;
  const { columns: width, hasColors } = stdout;
  const unread = unreadOf(reading);
  stdout.write(
    json
      ? slowToJson(samples, { sources, labels, nameOf, unread })
      : formatSlow(samples, { sources, labels, nameOf, width, hasColors }),
  );
  reportBadRecords(records, context);
  return reportUnread(reading, context);
}
