/**
 * The command line of Kymo. To import this module is to run it on the arguments of the program:
 *
 * ```sh
 * deno run -A jsr:@kymo/kymo/cli --help
 * bunx @kymo/kymo --help
 * ```
 *
 * @module
 */

import { statSync } from "node:fs";
import process from "node:process";
import denoJson from "../../deno.json" with { type: "json" };
import { quote, reason, StorageError } from "../errors.ts";
import { recover } from "../monitor/default_monitor.ts";
import { runCommandLine } from "./command_line.ts";
import { exitCode } from "./exit_code.ts";
import type { Output, Surroundings } from "./surroundings.ts";
import { writeError } from "./text.ts";

const stderr = output(process.stderr, () => {}); // nobody is left to be told
const stdout = output(process.stdout, (error) => {
  if (error.code === "EPIPE") return; // the reader has seen enough, as `head` has
  writeError(stderr, `Cannot write the output: ${error.message}`);
  process.exitCode = exitCode.incomplete;
});
const now = (): number => performance.now();
const { version } = denoJson;
const code = await runCommandLine(process.argv.slice(2), { version, stdout, stderr, now, look, recover });
process.exitCode ||= code;

/** A standard stream. Deno throws some errors of it, and emits others; Bun emits all. */
function output(stream: NodeJS.WriteStream, onError: (error: NodeJS.ErrnoException) => void): Output {
  stream.on("error", onError);
  const isTerminal = stream.isTTY === true;
  return {
    isTerminal,
    hasColors: isTerminal && !process.env["NO_COLOR"],
    get columns() {
      return isTerminal ? stream.columns : undefined;
    },
    write(text) {
      try {
        stream.write(text);
      } catch (error) {
        onError(error as NodeJS.ErrnoException);
      }
    },
  };
}

function look(path: string): ReturnType<Surroundings["look"]> {
  try {
    return statSync(path).isDirectory() ? "directory" : "something else";
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return "nothing";
    throw new StorageError(`Cannot read the directory: ${quote(path)}: ${reason(error)}`, { cause: error });
  }
}
