import { type Command, InvalidArgumentError, Option } from "commander";
import { labelMatcher } from "../../../label_pattern.ts";
import type { UnreadableFile } from "../../../analysis/live/unreadable_files.ts";
import { jsonHelp } from "./json.ts";
import { Controls, type SortKey, sortKeys } from "./controls.ts";
import { openDisplay } from "./display.ts";
import type { CliContext } from "../../context.ts";
import { type ExitCode, exitCode } from "../../exit_codes.ts";
import { DEFAULT_DIRECTORY_HELP, directoryOr } from "../../input/default_directory.ts";
import { addIsolateOption, addLabelOption, addPidOption, addProgramOption, wholeNumber } from "../../input/options.ts";
import { writeError } from "../../terminal/style.ts";
import { counted } from "../../../display/numbers.ts";
import { sanitize } from "../../../display/sanitize.ts";
import { KymoError, quotePath } from "../../../errors.ts";
import type { Runtime } from "../../../runtime.ts";
import { NANOSECONDS_PER_MS, NANOSECONDS_PER_SECOND } from "../../../series.ts";

const description = "Watch running programs: rates, latencies, memory and event loop lag";

const details = `
Reads the spools and files of the programs that record into the monitoring
directory DIR. The programs do no work for it, and nothing is written. It shows
what they record from now on, interval by interval, and waits if there are none.
Programs without spools (durability "memory", or Deno without --allow-ffi) are
seen with each flush, and nobody can tell whether they live.

A row is an isolate: a program, or a worker of one. RSS and CPU are those of the
whole process, and are shown with its main thread. CPU is that of the whole
interval. A program that has ended stays listed for a minute, with how it ended;
one that is started anew is one row. PIDs are those that the programs see, which
in containers are often 1; rows of layout "append" have nothing but the PID, so
those that could be of several programs are a row of their own.

Keys: q or Ctrl-C quits, s sorts the series by something else, o the programs,
p shows each process or their sum, the space bar stops the screen and lets it
go on, / filters by a part of the label (Enter keeps it, Esc shows all), and
arrows, j and k, PgUp and PgDn, g and G scroll. At first what is wrong is above:
programs that were killed or failed, then those whose loop lags most. Without a
terminal, and in one that is dumb or has no size, it prints blocks of plain
text.
${jsonHelp}

Examples:
  kymo top _monitoring
  kymo top _monitoring --label "* [GET]" --sort p99
  kymo top _monitoring --program "orders*" --by-process
  kymo top _monitoring --json --count 10     ten seconds, a JSON object each`;

/** The shortest interval, in seconds. */
const SHORTEST = 0.1;

/** The longest interval, in seconds: an hour. */
const LONGEST = 3_600;

/** Milliseconds between two looks at the keyboard. */
const KEY_INTERVAL = 50;

interface TopOptions {
  readonly interval: number;
  readonly label?: readonly string[];
  readonly pid?: readonly number[];
  readonly isolate?: readonly string[];
  readonly program?: readonly string[];
  readonly byProcess?: boolean;
  readonly sort: SortKey;
  readonly count?: number;
  readonly once?: boolean;
  readonly json?: boolean;
}

/** Adds `kymo top DIR` to the command line; it passes its exit code to `end`. */
export function addTopCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  const command = program.command("top")
    .description(description)
    .argument("[DIR]", `the monitoring directory; ${DEFAULT_DIRECTORY_HELP}`)
    .option("--interval <S>", "seconds between two updates", parseInterval, 1);
  addProgramOption(addIsolateOption(addPidOption(addLabelOption(command))))
    .option("--by-process", "show each process separately")
    .addOption(new Option("--sort <BY>", "order of the series").choices(sortKeys).default("rate"))
    .option("--count <N>", "end after this many updates", wholeNumber(1))
    .option("--once", "end after the first update")
    .option("--json", "print one JSON object per update, each on a line")
    .addHelpText("after", details)
    .action(async (directory: string | undefined, options: TopOptions) => {
      end(await watch(directoryOr(directory, "watch", context), options, context));
    });
}

/**
 * Shows interval after interval until `--count` is reached or the user quits; returns the exit
 * code.
 */
async function watch(directory: string, options: TopOptions, context: CliContext): Promise<ExitCode> {
  const { stdout, runtime } = context;
  const { clock, timers } = runtime;
  const found = context.look(directory);
  if (found === "something else") {
    throw new KymoError("invalid-argument", `Cannot watch: ${quotePath(directory)}: not a directory`);
  }
  if (found === "nothing" && options.once) {
    throw new KymoError("not-found", `Cannot watch: ${quotePath(directory)}: no such directory`);
  }
  const denied = runtime.files.denied(runtime.files.resolve(directory), "read");
  if (denied !== undefined) {
    throw new KymoError("permission-denied", `Cannot watch: ${quotePath(directory)}: ${denied}`);
  }
  const { interval, label, pid, isolate, program, byProcess = false, sort, json = false } = options;
  const wantsName = program === undefined ? undefined : labelMatcher(...program);
  const { LiveView } = await import("../../../analysis/live/live_view.ts");
  const view = new LiveView(runtime, directory, {
    byProcess,
    ...label === undefined ? {} : { wantsLabel: labelMatcher(...label) },
    wantsProcess: (id, names) =>
      (pid?.includes(id.pid) ?? true) && (isolate?.includes(id.isolate) ?? true) &&
      (wantsName === undefined || names.some(wantsName)),
  });
  const look = { directory, label, processes: wantedProcesses(options), json };
  using display = openDisplay({ ...look, controls: () => controls }, context);
  using controls = new Controls(context, display.isScreen, { sort, byProcess });
  // The terminal must be restored however the program ends.
  using _end = atEnd(runtime, () => {
    controls.releaseKeyboard();
    display[Symbol.dispose]();
  });
  display.begin(view.known());
  const isCounted = options.once === true || options.count !== undefined;
  let unreadable: readonly UnreadableFile[] = [];
  const length = interval * NANOSECONDS_PER_SECOND;
  let next = clock.now() + length;
  for (let left = options.once ? 1 : options.count ?? Infinity; left > 0; left--) {
    while (!controls.quits && clock.now() < next) {
      if (controls.hasChanged) {
        controls.hasChanged = false;
        view.byProcess = controls.choice.byProcess;
        display.redraw();
      }
      // Drawing may have taken until after the end of the interval.
      const rest = Math.max(0, next - clock.now());
      await timers.sleep(Math.min(KEY_INTERVAL, Math.ceil(rest / NANOSECONDS_PER_MS)));
    }
    if (controls.quits || stdout.isGone) break;
    const ended = view.endInterval();
    if (ended.unreadable.length > 0) ({ unreadable } = ended);
    display.show(ended);
    next += length;
    if (next < clock.now() + length / 2) next = clock.now() + length; // an update was late
  }
  return isCounted ? reportUnreadable(unreadable, context) : exitCode.ok;
}

/** The selected processes for people; `undefined` if all are. */
function wantedProcesses({ pid, isolate, program }: TopOptions): string | undefined {
  const parts = [
    ...pid === undefined ? [] : [`PID ${pid.join(" or ")}`],
    ...isolate === undefined ? [] : [`isolate ${isolate.join(" or ")}`],
    ...program === undefined ? [] : [`the name ${program.map(sanitize).join(" or ")}`],
  ];
  return parts.length === 0 ? undefined : parts.join(" and ");
}

/** Writes what could not be read to `stderr`, and returns the exit code. */
function reportUnreadable([file, ...more]: readonly UnreadableFile[], { stderr }: CliContext): ExitCode {
  if (file === undefined) return exitCode.ok;
  const further = more.length > 0 ? ` (and ${counted(more.length, "further file")})` : "";
  writeError(stderr, `Cannot read: ${quotePath(file.path)}: ${sanitize(file.reason)}${further}`);
  return exitCode.incomplete;
}

/** Runs a task if a signal or an error ends the program before disposal. */
function atEnd({ exitHooks }: Runtime, task: () => void): Disposable {
  return { [Symbol.dispose]: exitHooks.add(task) };
}

function parseInterval(text: string): number {
  const seconds = Number(text);
  if (text.trim() === "" || !(seconds >= SHORTEST && seconds <= LONGEST)) {
    throw new InvalidArgumentError(`It must be a number of seconds, from ${SHORTEST} to ${LONGEST}.`);
  }
  return seconds;
}
