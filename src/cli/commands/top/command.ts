import { sanitize } from "../../../display/sanitize.ts";
import { counted } from "../../../display/numbers.ts";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { UnreadableFile } from "../../../analysis/live/unreadable_files.ts";
import { KymoError, quote, quotePath } from "../../../errors.ts";
import type { Runtime } from "../../../runtime.ts";
import { type ExitCode, exitCode } from "../../exit_code.ts";
import { wholeNumber } from "../../input/option_values.ts";
import { matcher } from "../../input/pattern.ts";
import { addLabelOption, addPidOption } from "../../input/selection_options.ts";
import type { CliContext } from "../../context.ts";
import { writeError } from "../../terminal/text.ts";
import { openDisplay } from "./display.ts";
import { type SortKey, sortKeys } from "./frame_options.ts";
import { Interruption } from "./interruption.ts";

const description = "Watch running programs: their rates, latencies, memory and lag";

const details = `
Attaches from outside to the programs that record into the monitoring directory
DIR, by reading their spools and files: they do no work for it, nothing is
locked or written. What they do from then on is shown interval by interval; it
waits for them if there are none. Programs without spools (durability "memory",
Deno without --allow-ffi) are seen only in layout "append", with each flush.

"q" or Ctrl-C ends it. If the output is no terminal, plain blocks are printed.

Examples:
  kymo top _monitoring
  kymo top _monitoring --label "* [GET]" --sort p99
  kymo top _monitoring --json --count 10     ten seconds, a JSON object each`;

/** The shortest interval, s. */
const SHORTEST = 0.1;

/** The longest, s: an hour. */
const LONGEST = 3_600;

/** How soon a key is heeded, ms. */
const PATIENCE = 50;

const NANOSECONDS = 1e9;
const NANOSECONDS_PER_MS = 1e6;

interface TopOptions {
  readonly interval: number;
  readonly label?: readonly string[];
  readonly pid?: readonly number[];
  readonly byPid?: boolean;
  readonly sort: SortKey;
  readonly count?: number;
  readonly once?: boolean;
  readonly json?: boolean;
}

/** Adds `kymo top DIR` to the command line; `end` is told the exit code. */
export function addTopCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  const command = program.command("top")
    .description(description)
    .argument("<DIR>", "the monitoring directory")
    .option("--interval <S>", "seconds between two refreshes", parseInterval, 1);
  addPidOption(addLabelOption(command))
    .option("--by-pid", "tell the series of each process by themselves")
    .addOption(new Option("--sort <BY>", "order of the series").choices(sortKeys).default("rate"))
    .option("--count <N>", "end after so many refreshes", wholeNumber(1))
    .option("--once", "end after the first refresh")
    .option("--json", "print one JSON object for each refresh, on a line of its own")
    .addHelpText("after", details)
    .action(async (directory: string, options: TopOptions) => {
      end(await watch(directory, options, context));
    });
}

/** Shows interval by interval until all are shown, or the user has seen enough; returns the exit code. */
async function watch(directory: string, options: TopOptions, context: CliContext): Promise<ExitCode> {
  const { look, stdout, runtime } = context;
  const { clock, timers } = runtime;
  const found = look(directory);
  if (found === "something else") {
    throw new KymoError("invalid-argument", `Cannot watch: not a directory: ${quote(directory)}`);
  }
  if (found === "nothing" && options.once) {
    throw new KymoError("not-found", `Cannot watch: no such directory: ${quote(directory)}`);
  }
  const denied = runtime.files.denied(runtime.files.resolve(directory));
  if (denied !== undefined) {
    throw new KymoError("permission-denied", `Cannot watch: ${quotePath(directory)}: ${denied}`);
  }
  const { interval, label, pid, byPid = false, sort, json = false } = options;
  const { LiveView } = await import("../../../analysis/live/live_view.ts");
  const view = new LiveView(runtime, directory, {
    byPid,
    ...label === undefined ? {} : { wantsLabel: matcher(...label) },
    ...pid === undefined ? {} : { pids: pid },
  });
  using display = openDisplay({ directory, sort, label, pid, json }, context);
  using interruption = new Interruption(context, display.isScreen);
  // However the program ends, the terminal is to be as it was.
  using _end = atEnd(runtime, () => {
    interruption.leaveKeyboard();
    display[Symbol.dispose]();
  });
  display.begin(view.known());
  const isCounted = options.once === true || options.count !== undefined;
  let unreadable: readonly UnreadableFile[] = [];
  const length = interval * NANOSECONDS;
  let next = clock.now() + length;
  for (let left = options.once ? 1 : options.count ?? Infinity; left > 0; left--) {
    while (!interruption.happened && clock.now() < next) {
      await timers.sleep(Math.min(PATIENCE, Math.ceil((next - clock.now()) / NANOSECONDS_PER_MS)));
    }
    if (interruption.happened || stdout.isGone) break;
    const ended = view.endInterval();
    if (ended.unreadable.length > 0) ({ unreadable } = ended);
    display.show(ended);
    next += length;
    if (next < clock.now() + length / 2) next = clock.now() + length; // it was late
  }
  return isCounted ? tellUnreadable(unreadable, context) : exitCode.ok;
}

/** Tells on a line of `stderr` what could not be read, and returns the exit code that follows from it. */
function tellUnreadable([file, ...more]: readonly UnreadableFile[], { stderr }: CliContext): ExitCode {
  if (file === undefined) return exitCode.ok;
  const further = more.length > 0 ? ` (and ${counted(more.length, "further file")})` : "";
  writeError(stderr, `Cannot read: ${quotePath(file.path)}: ${sanitize(file.reason)}${further}`);
  return exitCode.incomplete;
}

/** Does something also if a signal or an error ends the program. */
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
