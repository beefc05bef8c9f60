import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { readdirSync } from "node:fs";
import { ask } from "../../support/process/http_client.ts";
import { countByLabel } from "../../support/process/recorded_rows.ts";
import { commandOf, spawnCommand, type Spawned, thisRuntime } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { app, disposable, ports, preloaded } from "./preloaded.ts";

/** Asks both workers, and kills the program. Returns what the third one answered. */
async function askWorkers(program: Spawned): Promise<{ readonly asked: number; readonly answer: unknown }> {
  let asked = 0;
  for (const port of await ports(program)) {
    for (let i = 0; i < 5; i++, asked++) assertEquals((await ask(port, "/worker")).text, "worker");
  }
  await program.said(/"data"/g);
  program.kill("SIGTERM");
  const { stdout, signal } = await program.ended;
  assertEquals(signal, "SIGTERM");
  return { asked, answer: JSON.parse(stdout.split("\n")[1]!) };
}

describe("workers of a program under the preload", () => {
  it("are recorded, too, and notice nothing", async () => {
    using scratch = scratchDirectory();
    const rows = scratch.at("rows");
    await using bare = disposable(spawnCommand(commandOf(thisRuntime, app("workers"))));
    const { answer: expected } = await askWorkers(bare);
    await using program = preloaded(thisRuntime, app("workers"), rows);
    const { asked, answer } = await askWorkers(program);
    assertEquals(answer, expected);
    assertEquals(countByLabel(rows, "duration"), { "/worker [GET]": asked });
    // On Deno, the third one would see that another module is loaded first, so it is left alone.
    const programs = readdirSync(rows).filter((name) => name.startsWith("program."));
    assertEquals(programs.length, thisRuntime === "deno" ? 3 : 4);
  });
});
