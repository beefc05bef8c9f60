import type { Command } from "commander";
import type { CliContext } from "../../context.ts";
import { type ExitCode, exitCode } from "../../exit_codes.ts";
import { jsonLine } from "../../terminal/json_output.ts";
import { writeError } from "../../terminal/style.ts";
import { formatTable } from "../../terminal/table.ts";
import { sanitize } from "../../../display/sanitize.ts";
import {
  type Format,
  OUTGOING,
  PLAIN_OPTIONS,
  readEnvironment,
  readOutgoing,
  VARIABLES,
} from "../../../recording/environment.ts";
import { checkStartOptions, type PlainOption } from "../../../recording/options.ts";
import type { Environment } from "../../../runtime.ts";

const description = "Show the options that the environment gives a program that starts here";

const details = `
Prints each option of start(), its value for a program that gives none itself,
and from where it is: an environment variable, or the default. What a program
gives in its code wins, and is not seen here. Values are written as the variable
takes them. The last line is for the preload alone.

Exits with 1 if a variable has a wrong value, which start() throws, or is
ignored: those that Kymo does not know, and wrong ones of other programs. On
Deno what may not be read is left out, without a prompt.

--json prints one object: options (each with option, variable, value, from; from
is null for a default, value is null if there is none or it is wrong), preload
(the same of what only the preload takes, without option), errors
and ignored (messages), unreadable (variables that may not be read), complete
(whether unknown variables would be seen).

Examples:
  kymo env
  KYMO_DIR=/telemetry kymo env --json`;

/** An option with its value in force. */
interface OptionInForce {
  readonly option: PlainOption;
  /** Kymo's variable for it. */
  readonly variable: string;
  /** The value; `null` if there is none, or a wrong one. */
  readonly value: unknown;
  /** The variable that gave the value, be it wrong; `null` if none did. */
  readonly from: string | null;
}

/** A variable of the preload with its value in force. */
type PreloadInForce = Omit<OptionInForce, "option">;

/** What `kymo env` shows. */
interface EnvironmentInForce {
  readonly options: readonly OptionInForce[];
  readonly preload: readonly PreloadInForce[];
  /** Messages about wrong values. */
  readonly errors: readonly string[];
  /** Messages about variables that are ignored. */
  readonly ignored: readonly string[];
  /** Variables that may not be read. */
  readonly unreadable: readonly string[];
  /** Whether unknown variables would be seen. */
  readonly complete: boolean;
}

/** Adds `kymo env` to the command line; it passes its exit code to `end`. */
export function addEnvCommand(program: Command, context: CliContext, end: (code: ExitCode) => void): void {
  program.command("env")
    .description(description)
    .option("--json", "print one JSON object")
    .addHelpText("after", details)
    .action(({ json = false }: { json?: boolean }) => {
      const inForce = environmentInForce(context.runtime.environment);
      if (json) context.stdout.write(jsonLine("env", inForce));
      else show(inForce, context);
      end(inForce.errors.length + inForce.ignored.length > 0 ? exitCode.incomplete : exitCode.ok);
    });
}

function environmentInForce(environment: Environment): EnvironmentInForce {
  const { options: given, sources, errors, ignored } = readEnvironment(environment, "Cannot start");
  const checked = checkStartOptions({}, given);
  const valueOf = (option: PlainOption): unknown =>
    option.split(".").reduce<unknown>((object, name) => (object as Record<string, unknown>)[name], checked);
  const options = PLAIN_OPTIONS.map((option): OptionInForce => {
    const variable = VARIABLES[option].name;
    if (errors[option] !== undefined) return { option, variable, value: null, from: variable };
    return { option, variable, value: valueOf(option) ?? null, from: sources[option] ?? null };
  });
  const outgoing = outgoingInForce(environment);
  return {
    options,
    preload: [outgoing.inForce],
    errors: [...Object.values(errors), ...outgoing.errors].map(({ message }) => message),
    ignored: ignored.map(({ message }) => message),
    unreadable: [...PLAIN_OPTIONS.flatMap((option) => variablesOf(option)), OUTGOING.name]
      .filter((variable) => environment.denied(variable) !== undefined),
    complete: environment.names() !== undefined,
  };
}

/** Until when the preload times outgoing requests. */
function outgoingInForce(environment: Environment): { readonly inForce: PreloadInForce; readonly errors: Error[] } {
  const variable = OUTGOING.name;
  const from = (environment.get(variable) ?? "") === "" ? null : variable;
  try {
    return { inForce: { variable, value: readOutgoing(environment) ?? false, from }, errors: [] };
  } catch (error) {
    return { inForce: { variable, value: null, from }, errors: [error as Error] };
  }
}

function variablesOf(option: PlainOption): string[] {
  const { name, otherwise } = VARIABLES[option];
  return otherwise === undefined ? [name] : [name, otherwise];
}

function show(
  { options, preload, errors, ignored, unreadable, complete }: EnvironmentInForce,
  context: CliContext,
): void {
  const { stdout, stderr } = context;
  const rows = [
    ...options.map((one) => ({ ...one, text: textOf(one, VARIABLES[one.option].format) })),
    ...preload.map((one) => ({ ...one, option: "–", text: textOf(one, OUTGOING.format) })),
  ];
  stdout.write(formatTable<typeof rows[number]>(
    [
      { title: "variable", cell: ({ variable }) => variable, side: "left" },
      { title: "option", cell: ({ option }) => option, side: "left", rank: 0 },
      { title: "value", cell: ({ text }) => text, side: "left", narrowest: 20 },
      {
        title: "from",
        cell: ({ variable, from }) => from ?? (unreadable.includes(variable) ? "default (may not be read)" : "default"),
        side: "left",
      },
    ],
    rows,
    { width: stdout.columns, hasColors: stdout.hasColors },
  ));
  for (const message of [...errors, ...ignored]) writeError(stderr, sanitize(message));
  if (!complete) stderr.write("Unknown variables are not looked for: their names may not be listed\n");
}

/** The value as the variable takes it. */
function textOf({ value, from }: PreloadInForce, { write }: Format): string {
  if (value === null) return from === null ? "–" : "wrong";
  return sanitize(write(value)) || "–";
}
