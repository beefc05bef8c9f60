import { spawn, spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { hasFfi } from "./has_ffi.ts";

/** Options of the programs of the bench. */
export interface ChildOptions {
  readonly args?: readonly string[];
  /** Flags of V8, for Deno only. */
  readonly v8Flags?: string;
  /**
   * Whether Deno takes the packages as they are installed, as it does for a program that is not developed
   * in this repository. Here, with `"nodeModulesDir": "auto"`, it looks at each start whether all of them
   * are there, which takes half a second and 25 MiB.
   */
  readonly areInstalled?: boolean;
  /** Working directory. Default: that of this program. */
  readonly cwd?: string;
}

/** The command that runs a program on this runtime, with the permissions of this program. */
export function commandOf(
  program: URL,
  { args = [], v8Flags, areInstalled = false }: ChildOptions = {},
): [executable: string, args: string[]] {
  const flags: string[] = [];
  if ("Deno" in globalThis) {
    flags.push("run", "--quiet", "-A");
    if (!hasFfi) flags.push("--deny-ffi");
    if (areInstalled) flags.push("--node-modules-dir=manual");
    if (v8Flags !== undefined) flags.push(`--v8-flags=${v8Flags}`);
  }
  return [process.execPath, [...flags, fileURLToPath(program), ...args]];
}

// Exits on SIGTERM, so that exit listeners end the child programs too.
process.once("SIGTERM", () => process.exit(143));

/** The last line of a program's output, as JSON. */
function lastLine(output: string): unknown {
  const line = output.trimEnd().split("\n").at(-1) ?? "";
  return line === "" ? undefined : JSON.parse(line);
}

/** Runs a command in the background. Resolves to its output; rejects if it fails. */
export function runCommand(
  executable: string,
  args: readonly string[],
  { cwd }: Pick<ChildOptions, "cwd"> = {},
): Promise<string> {
  const child = spawn(executable, args, {
    stdio: ["ignore", "pipe", "inherit"],
    ...cwd === undefined ? {} : { cwd },
  });
  const kill = (): void => void child.kill("SIGKILL");
  process.on("exit", kill); // it must not outlive a bench that fails
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => output += text);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      process.off("exit", kill);
      if (code === 0) resolve(output);
      else reject(new Error(`Cannot measure: ${executable} ${args.join(" ")}: ended with ${signal ?? code}`));
    });
  });
}

/** Runs a program of the bench in the background. Resolves to its last line as JSON. */
export async function run(program: URL, options: ChildOptions = {}): Promise<unknown> {
  const [executable, args] = commandOf(program, options);
  return lastLine(await runCommand(executable, args, options));
}

/**
 * Runs a program of the bench and waits. Returns its run time, from before its start until after
 * its exit, ms, and its last line as JSON.
 */
export function timeRun(program: URL, options: ChildOptions = {}): { readonly time: number; readonly output: unknown } {
  const [executable, args] = commandOf(program, options);
  const before = performance.now();
  const { status, error, stdout } = spawnSync(executable, args, {
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
    ...options.cwd === undefined ? {} : { cwd: options.cwd },
  });
  const time = performance.now() - before;
  if (status !== 0) throw new Error(`Cannot measure: ${program}: ended with ${status}`, { cause: error });
  return { time, output: lastLine(stdout) };
}
