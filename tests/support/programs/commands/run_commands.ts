import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { commandOf, type Ended, spawnCommand, type SpawnOptions, thisRuntime } from "../../process/run.ts";

const program = fileURLToPath(new URL("./commands_program.ts", import.meta.url));

/** The command that runs `kymo` with each of these arguments, and then writes `exit code N` to both outputs. */
export function commandOfAll(commands: readonly (readonly string[])[]): string[] {
  return commandOf(thisRuntime, program, [JSON.stringify(commands)]);
}

/** What `kymo` did with each of these arguments, in one process; `wrapper` is put before its command. */
export async function runCommands(
  commands: readonly (readonly string[])[],
  { wrapper = [], ...options }: SpawnOptions & { readonly wrapper?: readonly string[] } = {},
): Promise<Omit<Ended, "signal">[]> {
  const ended = await spawnCommand([...wrapper, ...commandOfAll(commands)], options).ended;
  const [stdout, stderr] = [ended.stdout, ended.stderr].map((text) => text.split(/^exit code (\d+)\n/m));
  assertEquals([ended.code, ended.signal, stdout!.length], [0, null, 2 * commands.length + 1], ended.stderr);
  return commands.map((_, i) => ({
    code: Number(stdout![2 * i + 1]),
    stdout: stdout![2 * i]!,
    stderr: stderr![2 * i]!,
  }));
}
