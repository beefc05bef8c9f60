import { spawn, spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { hasFfi } from "./has_ffi.ts";

/** How a program of the bench is run. */
export interface ChildOptions {
  readonly args?: readonly string[];
  /** Flags for V8, which only Deno takes. */
  readonly v8Flags?: string;
  /** The working directory; by default that of this program. */
  readonly cwd?: string;
}

/** The command that runs a program on the runtime that runs this one, with the permissions that this one has. */
export function commandOf(
  program: URL,
  { args = [], v8Flags }: ChildOptions = {},
): [executable: string, args: string[]] {
  const flags: string[] = [];
  if ("Deno" in globalThis) {
    flags.push("run", "--quiet", "-A");
    if (!hasFfi) flags.push("--deny-ffi");
    if (v8Flags !== undefined) flags.push(`--v8-flags=${v8Flags}`);
  }
  return [process.execPath, [...flags, fileURLToPath(program), ...args]];
}

// To be killed is to exit, so that the programs below go too.
process.once("SIGTERM", () => process.exit(143));

/** What a program prints for the bench: JSON, as its last line. */
function lastLine(output: string): unknown {
  const line = output.trimEnd().split("\n").at(-1) ?? "";
  return line === "" ? undefined : JSON.parse(line);
}

/** Runs any command beside this program, and resolves to all that it prints, unless it fails. */
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
  process.on("exit", kill); // It must not outlive a bench that fails.
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => output += text);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      process.off("exit", kill);
      if (code === 0) resolve(output);
      else reject(new Error(`Cannot measure: it ended with ${signal ?? code}: ${executable} ${args.join(" ")}`));
    });
  });
}

/** Runs a program of the bench beside this one, and resolves to what it tells. */
export async function run(program: URL, options: ChildOptions = {}): Promise<unknown> {
  const [executable, args] = commandOf(program, options);
  return lastLine(await runCommand(executable, args, options));
}

/** Runs a program of the bench while this one waits: how long it took, ms, from before it was started until after it was gone, and what it tells. */
export function timeRun(program: URL, options: ChildOptions = {}): { readonly time: number; readonly told: unknown } {
  const [executable, args] = commandOf(program, options);
  const before = performance.now();
  const { status, error, stdout } = spawnSync(executable, args, {
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
    ...options.cwd === undefined ? {} : { cwd: options.cwd },
  });
  const time = performance.now() - before;
  if (status !== 0) throw new Error(`Cannot measure: it ended with ${status}: ${program}`, { cause: error });
  return { time, told: lastLine(stdout) };
}
