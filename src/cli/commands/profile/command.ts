import { type Command, Option } from "commander";
import type { ProfileFile } from "../../../analysis/profile/profile_files.ts";
import { jsonHelp, type Profile, type ProfileView, toJson, toProfiles } from "./profile.ts";
import { formatProfile } from "./text.ts";
import type { CliContext } from "../../context.ts";
import { type ExitCode, exitCode } from "../../exit_codes.ts";
import { DEFAULT_DIRECTORY_HELP, directoriesOr } from "../../input/default_directory.ts";
import { jsonLine } from "../../terminal/json_output.ts";
import { formatTimeRange } from "../../../display/local_time.ts";
import { repeated, timeLength, wholeNumber } from "../../input/options.ts";
import { parseTimeArgument, type TimeArgument, timeArgumentHelp, timepointOf } from "../../input/time_argument.ts";
import { addTargetOptions, type TargetOptions } from "../control/asking.ts";
import { heapProfileText, LONGEST_PROFILE, takeProfiles } from "../control/profile_on_demand.ts";
import { writeError } from "../../terminal/style.ts";
import { KymoError, quotePath } from "../../../errors.ts";

const description = "Show the functions of a CPU profile by time, their callers and their callees";

const details = `
PATH is a .cpuprofile file, of Kymo or of another profiler that writes V8's
format, or a monitoring directory with such files. The times of several profiles
are added up.

With --for, programs that record into the directory PATH now take a profile for
that time, also those that were started without the profiler, and it is shown;
with --heap one of allocations, whose file is named. A program takes one at a
time. You may interrupt the command: the file comes all the same.

--name and --file show only the functions of these names, or in files of these
names; * is any text, ? any character. Percentages stay those of all. --from and
--to add up only what ran in that time; of a profile that does not say when it
was taken, that cannot be told.
${timeArgumentHelp.replaceAll("observation", "sample")}

"self" is the time in the function itself, "total" the time in it and in what it
called. Both are estimated from samples of the stack: with few samples, the real
time may be twice or half as long. Samples do not show how often a function was
called. Percentages are of the busy time, without (idle). (program) is work of
the runtime outside JavaScript, (kymo) what Kymo itself takes: its frames are
left out, so that callers are the program's. "Assumed" says what a file of
another profiler does not.
${jsonHelp}

Examples:
  kymo profile _monitoring
  kymo profile _monitoring --sort total --top 50
  kymo profile _monitoring --pid 4242 --for 30s
  kymo profile _monitoring --from 2026-11-23T14:05 --to 2026-11-23T14:06
  kymo profile _monitoring --file "db*.ts" --sort total
  kymo profile _monitoring --callers stringify
  kymo profile _monitoring --callees "GET *"
  kymo profile profiler.4242-28effdfb-000001.cpuprofile --tree`;

interface ProfileCommandOptions extends ProfileView, TargetOptions {
  readonly byProcess?: boolean;
  readonly json?: boolean;
  readonly from?: TimeArgument;
  readonly to?: TimeArgument;
  /** ms of a profile that is to be taken now. */
  readonly for?: number;
  readonly heap?: boolean;
}

/** Adds `kymo profile PATH…` to the command line; it passes its exit code to `end`. */
export function addProfileCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  const command = program.command("profile")
    .description(description)
    .argument("[PATH...]", `.cpuprofile files, or directories with such files; ${DEFAULT_DIRECTORY_HELP}`)
    .addOption(new Option("--sort <KEY>", "order of the functions").choices(["self", "total"]).default("self"))
    .option("--top <N>", "how many functions, the first in that order", wholeNumber(0), 20)
    .option("--callers <NAME>", "show who called the functions of this name; * is any text, ? any character")
    .option("--callees <NAME>", "show what the functions of this name called")
    .option("--tree", "show the call tree")
    .option("--name <PATTERN>", "only functions of this name", repeated((text) => text))
    .option("--file <PATTERN>", "only functions in a file of this name or URL", repeated((text) => text))
    .option("--from <T>", "only what ran from this time on", (text) => parseTimeArgument(text, "--from"))
    .option("--to <T>", "only what ran before this time", (text) => parseTimeArgument(text, "--to"));
  addTargetOptions(command)
    .option("--for <TIME>", "take a profile now, for this time, such as 30s", timeLength(LONGEST_PROFILE))
    .option("--heap", "with --for: of allocations, not of CPU time")
    .option("--by-process", "show each process separately")
    .option("--json", "print one JSON object")
    .addHelpText("after", details)
    .action(async (given: string[], options: ProfileCommandOptions) => {
      if (options.heap && options.for === undefined) {
        throw new KymoError("invalid-argument", "Cannot show the profile: --heap needs --for");
      }
      if (options.for !== undefined && (options.from ?? options.to) !== undefined) {
        throw new KymoError("invalid-argument", "Cannot show the profile: --from and --to exclude --for");
      }
      const paths = directoriesOr(given, "show the profile", context);
      end(
        options.for === undefined
          ? await showProfiles(paths, options, context)
          : await takeAndShow(paths, options.for, options, context),
      );
    });
}

/** Has running programs take profiles, and shows them. */
async function takeAndShow(
  paths: readonly string[],
  duration: number,
  options: ProfileCommandOptions,
  context: CliContext,
): Promise<ExitCode> {
  const { stdout, stderr } = context;
  const [path, ...more] = paths;
  if (path === undefined || more.length > 0) {
    throw new KymoError("invalid-argument", "Cannot take a profile: --for takes one directory");
  }
  const taken = await takeProfiles(path, options.heap ? "heap-profile" : "cpu-profile", duration, options, context);
  for (const failure of taken.failures) writeError(stderr, failure);
  let code: ExitCode = exitCode.ok;
  if (options.heap) stdout.write(options.json ? jsonLine("heap-profile", taken) : heapProfileText(taken));
  else if (taken.files.length > 0) {
    const { pid: _pid, isolate: _isolate, program: _program, ...view } = options;
    code = await showProfiles(taken.files, view, context);
  }
  return taken.failures.length > 0 ? exitCode.incomplete : code;
}

/** Prints the profiles, reports what could not be read, and returns the exit code. */
async function showProfiles(
  paths: readonly string[],
  options: ProfileCommandOptions,
  context: CliContext,
): Promise<ExitCode> {
  const { stdout, stderr, runtime } = context;
  const { callers, callees, tree, pid: pids, isolate: isolates, byProcess = false, json = false } = options;
  if (options.program !== undefined) {
    throw new KymoError(
      "invalid-argument",
      "Cannot show the profile: --program needs --for; --pid and --isolate do not",
    );
  }
  if ([callers, callees, tree].filter((view) => view !== undefined).length > 1) {
    throw new KymoError(
      "invalid-argument",
      "Cannot show the profile: --callers, --callees and --tree exclude each other",
    );
  }
  const { findProfiles, isSelected, readProfile } = await import("../../../analysis/profile/profile_files.ts");
  const files: ProfileFile[] = [];
  const failures: string[] = [];
  for (const path of findProfiles(paths, runtime.files)) {
    try {
      const file = readProfile(path, runtime.files);
      if (isSelected(file, { pids, isolates })) files.push(file);
    } catch (error) {
      if (!(error instanceof KymoError)) throw error;
      failures.push(error.message);
    }
  }
  if (files.length === 0 && failures.length === 0) {
    throw new KymoError(
      "not-found",
      `Cannot show the profile: no profile of ${selected(pids, isolates)}: ${paths.map(quotePath).join(", ")}`,
    );
  }
  const profiles = await toProfiles(await within(files, options, paths), byProcess, runtime.files);
  if (json) stdout.write(toJson(profiles, options));
  else stdout.write(profiles.map((profile) => show(profile, options, context)).join("\n"));
  for (const failure of failures) writeError(stderr, failure);
  return failures.length > 0 ? exitCode.incomplete : exitCode.ok;
}

/** The files as far as they are within the time that is asked for. */
async function within(
  files: readonly ProfileFile[],
  { from, to }: ProfileCommandOptions,
  paths: readonly string[],
): Promise<readonly ProfileFile[]> {
  if (from === undefined && to === undefined || files.length === 0) return files;
  const { wallTimeOf } = await import("../../../analysis/profile/cpu_profile.ts");
  const { profileWithin } = await import("../../../analysis/profile/profile_moment.ts");
  const untimed = files.find(({ profile }) => wallTimeOf([profile]) === undefined || profile.samples === undefined);
  if (untimed !== undefined) {
    const name = quotePath(untimed.path);
    throw new KymoError(
      "invalid-data",
      `Cannot show the profile: ${name}: it does not say when its samples were taken`,
    );
  }
  const range = wallTimeOf(files.map(({ profile }) => profile))!;
  const moment = {
    ...from === undefined ? {} : { from: timepointOf(from, range) },
    ...to === undefined ? {} : { to: timepointOf(to, range) },
  };
  const kept = files.flatMap((file) => {
    const profile = profileWithin(file.profile, moment);
    return profile === undefined ? [] : [{ ...file, profile }];
  });
  if (kept.length > 0) return kept;
  const taken = `they were taken ${formatTimeRange(range)}`;
  throw new KymoError(
    "not-found",
    `Cannot show the profile: no profile of that time: ${paths.map(quotePath).join(", ")}: ${taken}`,
  );
}

/** The selection in words: "PID 7 or 8", "isolate 0000beef", "PID 1, isolate 0000beef". */
function selected(pids: readonly number[] = [], isolates: readonly string[] = []): string {
  return [["PID", pids], ["isolate", isolates]].filter(([, list]) => list!.length > 0)
    .map(([name, list]) => `${name} ${(list as unknown[]).join(" or ")}`).join(", ");
}

function show(profile: Profile, view: ProfileView, { stdout: { columns: width, hasColors } }: CliContext): string {
  return formatProfile(profile, view, { width, hasColors });
}
