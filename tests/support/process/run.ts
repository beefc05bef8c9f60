import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type RuntimeName, runtimeName } from "../../../runtime_adapters/detect.ts";
import { isAtLeast } from "../../../runtime_adapters/version.ts";

export type { RuntimeName };

/** Exit and output of a program. */
export interface Ended {
  /** Exit code; `null` if a signal killed it. */
  readonly code: number | null;
  /** The signal that killed it, if one did. */
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Options of a spawned program. */
export interface SpawnOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Time limit, ms, after which it is killed. Default two minutes. */
  readonly timeLimit?: number;
}

/** A running program. */
export interface Spawned {
  readonly child: ChildProcessWithoutNullStreams;
  /** Resolves once it has exited and its output is read. */
  readonly ended: Promise<Ended>;
  /** Resolves once its standard output has `times` matches of a pattern, or it has exited. */
  said(pattern: RegExp, times?: number): Promise<void>;
  /** Sends a signal if the program still runs. On Deno `child.kill` works only once. */
  kill(signal: NodeJS.Signals): void;
}

/** Default time limit, ms. */
const TIME_LIMIT = 120_000;

/** The runtime that runs this test. */
export const thisRuntime: RuntimeName = runtimeName(globalThis)!;

/** The runtimes whose programs this test starts: Deno and Bun, or Node alone. */
export const RUNTIMES: readonly RuntimeName[] = thisRuntime === "node" ? ["node"] : ["deno", "bun"];

/**
 * Why a suite skips tests of programs on another runtime, whose own suite has them; `false` for programs
 * on this one.
 */
export function onlyOn(runtime: RuntimeName): string | false {
  return runtime === thisRuntime ? false : `only on ${runtime}`;
}

/**
 * What the environment gives, such as `KYMO_TEST_DENO`: another version than the one that runs this
 * test. Else the runtime itself where it is the one that runs this test, then one that is installed here, then
 * what the name stands for.
 */
function executable(runtime: RuntimeName): string {
  const given = process.env[`KYMO_TEST_${runtime.toUpperCase()}`];
  if (given !== undefined) return given;
  if (runtime === thisRuntime) return process.execPath;
  const installed = fileURLToPath(new URL(`../../../node_modules/.bin/${runtime}`, import.meta.url));
  return existsSync(installed) ? installed : runtime;
}

/**
 * Without them each start of Deno makes the links in `node_modules` anew, one at a time, and a
 * program that looks for one meanwhile finds none.
 */
export const DENO_FLAGS: readonly string[] = ["--node-modules-dir=manual"];

/** Without the first, Node 22 warns that it removes types. */
const NODE_FLAGS: readonly string[] = [
  "--disable-warning=ExperimentalWarning",
  `--import=${new URL("./web_workers.ts", import.meta.url)}`,
];

/** The command that runs a file on a runtime; Deno is given `permissions`, its flags. */
export function commandOf(
  runtime: RuntimeName,
  file: string,
  args: readonly string[] = [],
  permissions: readonly string[] = ["-A"],
): string[] {
  const flags = { deno: ["run", "--quiet", ...DENO_FLAGS, ...permissions], bun: [], node: NODE_FLAGS };
  return [executable(runtime), ...flags[runtime], file, ...args];
}

/** The command that runs files of tests with the test runner of a runtime. */
export function testCommandOf(runtime: RuntimeName, files: readonly string[], flags: readonly string[] = []): string[] {
  const runner = { deno: ["test", "--no-check", ...DENO_FLAGS, "-A"], bun: ["test"], node: [...NODE_FLAGS, "--test"] };
  return [executable(runtime), ...runner[runtime], ...flags, ...files];
}

/** Before version 2.7, Deno tells the signal that killed a process only by the code. */
function endOf(code: number | null, signal: string | null): Pick<Ended, "code" | "signal"> {
  if (thisRuntime !== "deno" || isAtLeast(Deno.version.deno, "2.7") || (code ?? 0) <= 128) return { code, signal };
  const [name] = Object.entries(constants.signals).find(([, number]) => number === code! - 128) ?? [];
  return name === undefined ? { code, signal } : { code: null, signal: name };
}

/** Starts a command, without colours in its output. */
export function spawnCommand(
  command: readonly string[],
  { cwd, env, timeLimit = TIME_LIMIT }: SpawnOptions = {},
): Spawned {
  const [program = "", ...args] = command;
  const child = spawn(program, args, {
    ...cwd === undefined ? {} : { cwd },
    env: { ...process.env, NO_COLOR: "1", ...env },
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => output.stdout += text);
  child.stderr.setEncoding("utf8").on("data", (text: string) => output.stderr += text);
  let running = true;
  // A test runner may have no time limit, and a program that never ends would keep it for
  // ever.
  const limit = setTimeout(() => child.kill("SIGKILL"), timeLimit);
  child.on("exit", () => {
    running = false;
    clearTimeout(limit);
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", (error) => {
      running = false;
      reject(error);
    });
    child.on("close", (code, signal) => resolve({ ...endOf(code, signal), ...output }));
  });
  return {
    child,
    ended,
    said(pattern, times = 1) {
      return new Promise((resolve) => {
        const look = (): void => {
          if (output.stdout.split(pattern).length > times) resolve();
        };
        look();
        child.stdout.on("data", look);
        void ended.finally(resolve);
      });
    },
    kill(signal) {
      if (running) process.kill(child.pid!, signal);
    },
  };
}

/** Starts a file on a runtime: {@linkcode commandOf} and {@linkcode spawnCommand} in one. */
export function spawnOn(
  runtime: RuntimeName,
  file: string,
  args: readonly string[] = [],
  options: SpawnOptions & { readonly permissions?: readonly string[] } = {},
): Spawned {
  return spawnCommand(commandOf(runtime, file, args, options.permissions), options);
}
