import type { Command } from "commander";
import { LEVELS } from "../../../report/live/series_cells.ts";
import { labelMatcher } from "../../../label_pattern.ts";
import { KymoError, quotePath } from "../../../errors.ts";
import { NANOSECONDS_PER_MS, NANOSECONDS_PER_SECOND } from "../../../series.ts";
import type { CliContext } from "../../context.ts";
import type { ExitCode } from "../../exit_codes.ts";
import { DEFAULT_DIRECTORY_HELP, directoryOr } from "../../input/default_directory.ts";
import {
  addIsolateOption,
  addLabelOption,
  addPidOption,
  addProgramOption,
  type SelectionOptions,
  wholeNumber,
} from "../../input/options.ts";
import { writeError } from "../../terminal/style.ts";
import { pageOf } from "./command.ts";
import { LivePages } from "./live_pages.ts";
import { PageServer } from "./page_server.ts";
import { serveUntilStopped } from "./serve_until_stopped.ts";

const description = "Serve a page to a browser that shows what programs record now";

const details = `
Reads the spools and files of the programs that record into the monitoring
directory DIR, each second, as kymo top does: the programs do no work for it,
and nothing is written. The page shows what they record from now on: rates,
latencies, errors, memory, CPU, garbage collection, event loop lag, the
programs' own numbers, marks, and when programs began and ended. It waits if
there are none. Programs without spools are seen with each flush.

It shows the last 15 minutes by the second, three hours by ten seconds or a day
by two minutes. It follows the time until one zooms. "Look closer" makes the
page of kymo view for the time that is shown, with findings, slowest samples
and flame graphs, from the files and spools there and then: so there is no
finest zoom. What was recorded before is shown by kymo view.

It is served on 127.0.0.1 only, at an address that nobody can guess, which is
printed, and nobody else's page can read it. Ctrl-C ends it.

Examples:
  kymo live _monitoring
  kymo live _monitoring --program "orders*" --label "* [GET]"`;

/** Milliseconds between two looks. */
const INTERVAL = NANOSECONDS_PER_SECOND / NANOSECONDS_PER_MS;

interface LiveCommandOptions extends Pick<SelectionOptions, "label" | "pid" | "isolate" | "program"> {
  readonly port: number;
  readonly title?: string;
}

/** Adds `kymo live DIR` to the command line; it passes its exit code to `end`. */
export function addLiveCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  const command = program.command("live")
    .description(description)
    .argument("[DIR]", `the monitoring directory; ${DEFAULT_DIRECTORY_HELP}`)
    .option("--port <N>", "the port; any free one unless told otherwise", wholeNumber(0, 65_535), 0)
    .option("--title <TEXT>", "the title of the page (default: DIR)");
  addProgramOption(addIsolateOption(addPidOption(addLabelOption(command))))
    .addHelpText("after", details)
    .action(async (directory: string | undefined, options: LiveCommandOptions) => {
      end(await live(directoryOr(directory, "watch", context), options, context));
    });
}

/** Serves until it is stopped, and returns the exit code. */
async function live(directory: string, options: LiveCommandOptions, context: CliContext): Promise<ExitCode> {
  const { stderr, runtime } = context;
  if (context.look(directory) === "something else") {
    throw new KymoError("invalid-argument", `Cannot watch: ${quotePath(directory)}: not a directory`);
  }
  const denied = runtime.files.denied(runtime.files.resolve(directory), "read");
  if (denied !== undefined) {
    throw new KymoError("permission-denied", `Cannot watch: ${quotePath(directory)}: ${denied}`);
  }
  const [{ LiveReport }, { renderLivePage }] = await Promise.all([
    import("../../../report/live/live_report.ts"),
    import("../../../report/page.ts"),
  ]);
  const { label, pid, isolate, program, title = directory } = options;
  const wantsName = program === undefined ? undefined : labelMatcher(...program);
  const report = new LiveReport(runtime, directory, {
    title,
    kymo: context.version,
    ...label === undefined ? {} : { wantsLabel: labelMatcher(...label) },
    wantsProcess: (id, names) =>
      (pid?.includes(id.pid) ?? true) && (isolate?.includes(id.isolate) ?? true) &&
      (wantsName === undefined || names.some(wantsName)),
  });
  const events = new LivePages(report);
  const make = (time?: { readonly from: bigint; readonly to: bigint }): Promise<string> =>
    time === undefined ? renderLivePage(title) : pageOf([directory], time, { ...options, isLive: true }, context);
  const pages = new PageServer(
    make,
    (error) => writeError(stderr, error instanceof KymoError ? error.message : `Cannot watch: ${error}`),
    { levels: LEVELS.map(({ name }) => name), open: (level = LEVELS[0]!.name) => events.open(level) },
  );
  return await serveUntilStopped(pages, options.port, context, (fail) =>
    runtime.timers.every(INTERVAL, () => {
      try {
        events.look();
      } catch (error) {
        fail(error);
      }
    }));
}
