import { KymoError } from "../../errors.ts";
import { readEnvironment, throwErrors, VARIABLES } from "../../recording/environment.ts";
import { DEFAULT_DIRECTORY } from "../../recording/options.ts";
import { sanitize } from "../../display/sanitize.ts";
import type { CliContext } from "../context.ts";

/** For the help of commands whose `DIR` may be left out. */
export const DEFAULT_DIRECTORY_HELP = `default: ${VARIABLES.monitoringDir.name}, or ${DEFAULT_DIRECTORY}`;

/**
 * What the user named, or if that is nothing, the directory to which programs that are started here
 * record. That is told on `stderr`.
 *
 * @throws {KymoError} `"invalid-argument"`, saying "Cannot `action`", if there is none either.
 */
export function directoriesOr(
  given: readonly string[],
  action: string,
  context: Pick<CliContext, "look" | "runtime" | "stderr">,
): readonly string[] {
  return given.length > 0 ? given : [defaultDirectory(action, context)];
}

/** The same for commands that take one. */
export function directoryOr(
  given: string | undefined,
  action: string,
  context: Pick<CliContext, "look" | "runtime" | "stderr">,
): string {
  return given ?? defaultDirectory(action, context);
}

function defaultDirectory(
  action: string,
  { look, runtime: { environment }, stderr }: Pick<CliContext, "look" | "runtime" | "stderr">,
): string {
  const variable = VARIABLES.monitoringDir.name;
  const reading = readEnvironment(environment, `Cannot ${action}`, { only: ["monitoringDir"] });
  throwErrors(reading);
  const { monitoringDir } = reading.options;
  if (monitoringDir !== undefined) {
    stderr.write(`DIR is ${sanitize(String(monitoringDir))}, by ${variable}\n`);
    return String(monitoringDir);
  }
  if (look(DEFAULT_DIRECTORY) !== "directory") {
    throw new KymoError(
      "invalid-argument",
      `Cannot ${action}: give DIR: ${variable} is not set, and there is no ${DEFAULT_DIRECTORY} here`,
    );
  }
  stderr.write(`DIR is ${DEFAULT_DIRECTORY}, by default\n`);
  return DEFAULT_DIRECTORY;
}
