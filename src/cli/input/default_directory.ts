import { expandPattern, isPattern } from "../../analysis/source/file_pattern.ts";
import { KymoError, quotePath } from "../../errors.ts";
import { readEnvironment, throwErrors, VARIABLES } from "../../recording/environment.ts";
import { DEFAULT_DIRECTORY } from "../../recording/options.ts";
import { sanitize } from "../../display/sanitize.ts";
import { isStoreAddress } from "../../stores/readable_address.ts";
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

/** What a command was given that takes `[DIR]` before something else. */
export interface DirectoryAndRest {
  readonly directory: string;
  /** Whether nobody named it. */
  readonly isDefault: boolean;
  /** What else was given. */
  readonly rest: readonly string[];
}

/**
 * The same for commands that take other words after `[DIR]`: the first word is DIR if it names something
 * that is there. Otherwise it is one of the others, unless these are more than `most` then.
 *
 * @param what What the first of the other words is, such as "a label".
 *
 * @throws {KymoError} also if the first word names nothing, and there is no default directory.
 */
export function directoryAndRest(
  given: readonly string[],
  { most, what }: { readonly most: number; readonly what: string },
  action: string,
  context: Pick<CliContext, "look" | "runtime" | "stderr">,
): DirectoryAndRest {
  const [first, ...rest] = given;
  if (first !== undefined && (given.length > most || isThere(first, context))) {
    return { directory: first, isDefault: false, rest };
  }
  try {
    return { directory: defaultDirectory(action, context), isDefault: true, rest: given };
  } catch (error) {
    if (first === undefined || !(error instanceof KymoError)) throw error;
    const why = error.message.replace(`Cannot ${action}: `, "");
    throw new KymoError(
      error.code,
      `Cannot ${action}: ${quotePath(first)}: no such file or directory; if it is ${what}, ${why}`,
    );
  }
}

/** Whether a word names something that can be read: a file, a directory, a pattern that matches, or a database. */
export function isThere(word: string, { look, runtime: { files } }: Pick<CliContext, "look" | "runtime">): boolean {
  try {
    return isStoreAddress(word, files) || look(word) !== "nothing" ||
      isPattern(word) && expandPattern(files, files.resolve(word)).length > 0;
  } catch (error) {
    return error instanceof KymoError && error.code === "permission-denied"; // otherwise it cannot be a path
  }
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
