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

import process from "node:process";
import { runCommandLine } from "./command_line.ts";
import { processContext } from "./process_context.ts";

const code = await runCommandLine(process.argv.slice(2), processContext());
process.exitCode ||= code;
