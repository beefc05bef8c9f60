import { parseArgs } from "node:util";

/** The runtimes of the service. */
export type RuntimeName = "deno" | "bun";

/** The options of the demo. */
export interface DemoOptions {
  /** Duration of the load, s. */
  readonly duration: number;
  /** Requests per second to all servers; 0 for as many as possible. */
  readonly rate: number;
  /** Connections to each server. */
  readonly connections: number;
  /** The monitoring directory. */
  readonly dir: string;
  /** The servers to start. */
  readonly runtimes: readonly RuntimeName[];
}

/** An invalid option. */
export class OptionError extends Error {}

const DEFAULTS = { duration: "10", rate: "600", connections: "10", runtime: "both" } as const;

/** The text of `--help`. */
export const HELP = `Records a small HTTP service with Kymo: one Deno and one Bun process, under load, in one directory.

Usage: deno task demo [options]

  --duration <s>       how long the load lasts, 1 to 3600 seconds (${DEFAULTS.duration})
  --rate <n>           requests per second, all servers together (${DEFAULTS.rate}); 0 for as many as possible
  --connections <n>    connections to each server, 1 to 1000 (${DEFAULTS.connections})
  --runtime <name>     deno, bun or both (${DEFAULTS.runtime})
  --dir <path>         monitoring directory, created if missing (_monitoring/demo-<date>-<time>)
  --help               this text

Ctrl-C ends the load early, and shows what was recorded until then.`;

/**
 * Parses the command line. Returns `undefined` for help.
 *
 * @throws {OptionError} with one line of text.
 */
export function readOptions(args: readonly string[], now: Date): DemoOptions | undefined {
  // `deno task demo -- --help` passes the dashes on.
  const values = parse(args[0] === "--" ? args.slice(1) : args);
  if (values.help) return undefined;
  return {
    duration: readNumber("--duration", values.duration, 1, 3600),
    rate: readNumber("--rate", values.rate, 0, 1_000_000),
    connections: readNumber("--connections", values.connections, 1, 1000),
    dir: readDirectory(values.dir, now),
    runtimes: readRuntimes(values.runtime),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        duration: { type: "string", default: DEFAULTS.duration },
        rate: { type: "string", default: DEFAULTS.rate },
        connections: { type: "string", default: DEFAULTS.connections },
        runtime: { type: "string", default: DEFAULTS.runtime },
        dir: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    const [sentence] = (error as Error).message.split(/\.\s/); // advice follows, which does not fit our options
    throw new OptionError(sentence);
  }
}

function readNumber(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new OptionError(`${name} must be a whole number from ${min} to ${max}: "${text}"`);
}

function readRuntimes(name: string): readonly RuntimeName[] {
  if (name === "both") return ["deno", "bun"];
  if (name === "deno" || name === "bun") return [name];
  throw new OptionError(`--runtime must be deno, bun or both: "${name}"`);
}

function readDirectory(path: string | undefined, now: Date): string {
  if (path === "") throw new OptionError(`--dir must be a path: ""`);
  if (path !== undefined) return path;
  const stamp = now.toISOString().slice(0, 19).replace("T", "-").replaceAll(":", "");
  return `_monitoring/demo-${stamp}`;
}
