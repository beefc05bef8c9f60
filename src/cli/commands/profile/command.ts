import { type Command, Option } from "commander";
import type { ProfileFile } from "../../../analysis/profile/profile_files.ts";
import { KymoError } from "../../../errors.ts";
import { type ExitCode, exitCode } from "../../exit_code.ts";
import { wholeNumber } from "../../input/option_values.ts";
import { type Profile, type ProfileView, toProfiles } from "./profile.ts";
import { jsonHelp, toJson } from "./json.ts";
import { formatProfile } from "./text.ts";
import { addPidOption } from "../../input/selection_options.ts";
import type { CliContext } from "../../context.ts";
import { writeError } from "../../terminal/text.ts";

const description = "Show the functions of a CPU profile by the time in them, who called them, and whom";

const details = `
PATH is a .cpuprofile file, of Kymo or of any other profiler of V8's kind, or a
monitoring directory, whose profiles are all taken. There may be several: their
times are added up.

"self" is the time in the function itself, "total" that in it and in what it
called. Both are estimates from samples of the stack: one with few samples may
as well have taken twice or half the time. How often a function was called
cannot be told from samples. Shares are of the busy time, without (idle).
(program) is work of the runtime outside of JavaScript.
${jsonHelp}

Examples:
  kymo profile _monitoring
  kymo profile _monitoring --sort total --top 50
  kymo profile _monitoring --callers stringify
  kymo profile _monitoring --callees "GET *"
  kymo profile profiler.4242-28effdfb-000001.cpuprofile --tree`;

interface ProfileCommandOptions extends ProfileView {
  readonly pid?: readonly number[];
  readonly byPid?: boolean;
  readonly json?: boolean;
}

/** Adds `kymo profile PATH…` to the command line; `end` is told the exit code. */
export function addProfileCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  const command = program.command("profile")
    .description(description)
    .argument("<PATH...>", ".cpuprofile files, or directories with some")
    .addOption(new Option("--sort <KEY>", "what is shown first").choices(["self", "total"]).default("self"))
    .option("--top <N>", "how many functions", wholeNumber(0), 20)
    .option("--callers <NAME>", "who called the functions of this name; * and ? stand for others")
    .option("--callees <NAME>", "whom the functions of this name called")
    .option("--tree", "who called whom, from the beginning of the stack");
  addPidOption(command)
    .option("--by-pid", "each process for itself")
    .option("--json", "print one JSON object")
    .addHelpText("after", details)
    .action(async (paths: string[], options: ProfileCommandOptions) => {
      end(await showProfiles(paths, options, context));
    });
}

/** Prints what is asked for, tells what could not be read, and returns the exit code. */
async function showProfiles(
  paths: readonly string[],
  options: ProfileCommandOptions,
  context: CliContext,
): Promise<ExitCode> {
  const { stdout, stderr, runtime } = context;
  const { callers, callees, tree, pid: pids, byPid = false, json = false } = options;
  if ([callers, callees, tree].filter((view) => view !== undefined).length > 1) {
    throw new KymoError(
      "invalid-argument",
      "Cannot show the profile: only one of --callers, --callees and --tree may be given",
    );
  }
  const { findProfiles, readProfile } = await import("../../../analysis/profile/profile_files.ts");
  const files: ProfileFile[] = [];
  const failures: string[] = [];
  for (const path of findProfiles(paths, runtime.files)) {
    try {
      const file = readProfile(path, runtime.files);
      if (pids === undefined || file.pid !== undefined && pids.includes(file.pid)) files.push(file);
    } catch (error) {
      if (!(error instanceof KymoError)) throw error;
      failures.push(error.message);
    }
  }
  if (files.length === 0 && failures.length === 0) {
    throw new KymoError("not-found", `Cannot show the profile: there is none of process ${pids?.join(", ")}`);
  }
  const profiles = await toProfiles(files, byPid);
  if (json) stdout.write(`${toJson(profiles, options)}\n`);
  else stdout.write(profiles.map((profile) => show(profile, options, context)).join("\n"));
  for (const failure of failures) writeError(stderr, failure);
  return failures.length > 0 ? exitCode.incomplete : exitCode.ok;
}

function show(profile: Profile, view: ProfileView, { stdout: { columns: width, hasColors } }: CliContext): string {
  return formatProfile(profile, view, { width, hasColors });
}
