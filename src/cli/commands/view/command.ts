import type { Command } from "commander";
import type { CliContext } from "../../context.ts";
import type { ExitCode } from "../../exit_codes.ts";
import { DEFAULT_DIRECTORY_HELP, directoriesOr } from "../../input/default_directory.ts";
import { addSelectionOptions, type SelectionOptions, SOURCES_HELP, wholeNumber } from "../../input/options.ts";
import { hasNothing, openRecording, refuseNothing } from "../../input/recording.ts";
import { timeArgumentHelp } from "../../input/time_argument.ts";
import { writeError } from "../../terminal/style.ts";
import { KymoError } from "../../../errors.ts";
import { type AskedTime, PageServer } from "./page_server.ts";
import { serveUntilStopped } from "./serve_until_stopped.ts";

const description = "Serve the report's page to a browser on this machine, as fine as you ask";

const details = `
The page is that of kymo report. It is made anew each time it is loaded, also
from the spools of running programs, which do nothing for it. "Look closer"
makes one of the time that is shown, with finer cells, its own findings, slowest
samples and flame graphs: so there is no finest zoom.

It is served on 127.0.0.1 only, at an address that nobody can guess, which is
printed, and nobody else's page can read it. Ctrl-C ends it.
${timeArgumentHelp}

Examples:
  kymo view _monitoring
  kymo view _monitoring --from -1h --label "/orders*"`;

interface ViewCommandOptions extends SelectionOptions {
  readonly port: number;
  readonly title?: string;
}

/** Adds `kymo view DIR…` to the command line; it passes its exit code to `end`. */
export function addViewCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  const command = program.command("view")
    .description(description)
    .argument("[DIR...]", `${SOURCES_HELP}; ${DEFAULT_DIRECTORY_HELP}`)
    .option("--port <N>", "the port; any free one unless told otherwise", wholeNumber(0, 65_535), 0)
    .option("--title <TEXT>", "the title of the page (default: DIR)");
  addSelectionOptions(command)
    .addHelpText("after", details)
    .action(async (sources: string[], options: ViewCommandOptions) => {
      end(await view(directoriesOr(sources, "view", context), options, context));
    });
}

/** Serves until it is stopped, and returns the exit code. */
async function view(sources: readonly string[], options: ViewCommandOptions, context: CliContext): Promise<ExitCode> {
  const { stderr } = context;
  {
    await using recording = await openRecording(sources, "view", context, options);
    if (hasNothing(recording)) refuseNothing(recording, "view", context);
  }
  const pages = new PageServer((time) => pageOf(sources, time, options, context), (error) => {
    writeError(stderr, error instanceof KymoError ? error.message : `Cannot view: ${error}`);
  });
  return await serveUntilStopped(pages, options.port, context);
}

/** The page of what there is now, or of a part of its time. */
export async function pageOf(
  sources: readonly string[],
  time: AskedTime | undefined,
  options: SelectionOptions & { readonly title?: string; readonly isLive?: boolean },
  context: CliContext,
): Promise<string> {
  const { makeReport } = await import("../../../report/make_report.ts");
  const part = time === undefined ? {} : { from: { epoch: time.from }, to: { epoch: time.to } };
  await using recording = await openRecording(sources, "view", context, { ...options, ...part });
  const { db, sources: { names, paths }, select } = recording;
  const { html } = await makeReport(db, paths, {
    files: context.runtime.files,
    title: options.title ?? names.join(", "),
    kymo: context.version,
    made: new Date(),
    selection: await select(),
    served: time === undefined ? "all" : options.isLive ? "part of live" : "part",
  });
  return html;
}
