/** Starts programs under the preload, as their operators do. */

import { fileURLToPath } from "node:url";
import { commandOf, DENO_FLAGS, type RuntimeName, spawnCommand, type Spawned } from "../../support/process/run.ts";

/** The entry for preloads. */
export const AUTO = fileURLToPath(new URL("../../../src/auto/mod.ts", import.meta.url));

/** Path of an application. */
export const app = (name: string): string => fileURLToPath(new URL(`./apps/${name}.ts`, import.meta.url));

/** The flag of each runtime, before its program. */
const FLAGS: Readonly<Record<RuntimeName, readonly string[]>> = {
  deno: [`--preload=${AUTO}`],
  bun: ["--preload", AUTO],
  node: ["--import", AUTO],
};

/** The command that runs a file under the preload. */
export function preloadedCommand(
  runtime: RuntimeName,
  file: string,
  args: readonly string[] = [],
  permissions: readonly string[] = ["-A"],
): string[] {
  const command = commandOf(runtime, file, args, permissions);
  return command.toSpliced(command.lastIndexOf(file), 0, ...FLAGS[runtime]);
}

/** The command with which Deno serves a default export. */
export function denoServeCommand(file: string, flags: readonly string[] = []): string[] {
  const [deno = ""] = commandOf("deno", file);
  return [deno, "serve", ...DENO_FLAGS, "--host=127.0.0.1", "--port=0", "-A", ...flags, file];
}

/** A program that is killed at the end of the block. */
export function disposable(program: Spawned): Spawned & AsyncDisposable {
  return {
    ...program,
    async [Symbol.asyncDispose]() {
      program.kill("SIGKILL");
      await program.ended;
    },
  };
}

/** Starts a program under the preload, which records into a directory. */
export function preloaded(
  runtime: RuntimeName,
  file: string,
  directory: string,
  { args = [], env = {} }: { readonly args?: readonly string[]; readonly env?: Readonly<Record<string, string>> } = {},
): Spawned & AsyncDisposable {
  return disposable(spawnCommand(preloadedCommand(runtime, file, args), { env: { KYMO_DIR: directory, ...env } }));
}

/** The first line of numbers that a program prints, or the port in what it says of where it listens. */
export function ports({ child, ended }: Spawned): Promise<number[]> {
  return new Promise((resolve, reject) => {
    let said = "";
    const look = (text: string): void => {
      said += text;
      const [, line] = /^([\d ]+)\n/m.exec(said) ?? /https?:\/\/[\w.]+:(\d+)/.exec(said) ?? [];
      if (line !== undefined) resolve(line.split(" ").map(Number));
    };
    for (const stream of [child.stdout, child.stderr]) stream.on("data", look);
    void ended.then((end) => reject(new Error(`it does not listen: ${JSON.stringify(end)}`)));
  });
}
