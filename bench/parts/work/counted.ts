import { readFileSync } from "node:fs";
import { join } from "node:path";
import { commandOf, runCommand } from "../../harness/child.ts";
import { checkOutcome, type Outcome, takeRows, temporaryDirectory } from "../../harness/published_files.ts";

const program = new URL("./samples.ts", import.meta.url);

/**
 * Records samples under a tool that counts, and returns the log of the tool. `tool` takes the path
 * of the log, and returns the command of the tool, to which that of the program is appended.
 *
 * @throws {Error} if not every sample is in a file.
 */
export async function recordUnder(tool: (log: string) => readonly string[], samples: number): Promise<string> {
  using directory = temporaryDirectory();
  using folder = temporaryDirectory();
  const log = join(folder.path, "log");
  const [executable, words] = commandOf(program, { args: [directory.path, String(samples)] });
  const [command = "", ...args] = [...tool(log), executable, ...words];
  const output = await runCommand(command, args);
  checkOutcome(JSON.parse(output.trimEnd().split("\n").at(-1) ?? "") as Outcome, samples);
  const rows = takeRows(directory.path);
  if (rows !== samples) throw new Error(`Cannot count: ${samples} samples were recorded, ${rows} are in files`);
  return readFileSync(log, "utf8");
}
