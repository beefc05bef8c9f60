import { readFileSync } from "node:fs";
import { join } from "node:path";
import { commandOf, runCommand } from "../../harness/child.ts";
import { checkOutcome, type Outcome, takeRows, temporaryDirectory } from "../../harness/published_files.ts";

const program = new URL("./samples.ts", import.meta.url);

/**
 * Records so many samples under a tool that counts, and returns what the tool wrote into its log. `tool` is given the path of the log, and
 * returns the tool's command, which the program's follows.
 *
 * @throws {Error} if not every sample is in a file in the end.
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
