import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { countByLabel } from "../../support/process/recorded_rows.ts";
import { commandOf, spawnCommand } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";

const FIXTURE = fileURLToPath(new URL("./fixtures/hot_server.ts", import.meta.url));
const SAVES = 4;

describe("bun --hot", () => {
  it("has one recording however often the program is saved, and SIGTERM kills it with all rows in files", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    const entry = scratch.at("server.ts");
    const root = dirname(FIXTURE).slice(0, -"/tests/process/development/fixtures".length);
    const source = readFileSync(FIXTURE, "utf8").replaceAll("../../../../", `${root}/`);
    writeFileSync(entry, source);
    const [bun = ""] = commandOf("bun", "");
    const server = spawnCommand([bun, "--hot", entry], { env: { DIR: directory } });
    await server.said(/"isolate"/g, 1);
    for (let save = 1; save <= SAVES; save++) {
      writeFileSync(entry, `${source}// save ${save}\n`);
      await server.said(/"isolate"/g, save + 1);
    }
    const spools = readdirSync(join(directory, ".spools"));
    server.kill("SIGTERM");
    const { signal, stdout, stderr } = await server.ended;
    assertEquals([signal, stderr], ["SIGTERM", ""]);
    const evaluations = stdout.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
    // Bun may evaluate a file twice that it finds half written.
    assert(evaluations.length > SAVES, stdout);
    for (const evaluation of evaluations) assertEquals(evaluation, evaluations[0]);
    assertEquals([evaluations[0].sigterm, evaluations[0].exit], [1, 2]);
    assert(spools.length <= 6 && spools.every((name) => name.includes(evaluations[0].isolate)), `${spools}`);
    assertEquals(countByLabel(directory, "custom"), { evaluated: evaluations.length });
    const programs = readdirSync(directory).filter((name) => name.startsWith("program."));
    assertEquals(programs.length, 1);
    assertEquals(readdirSync(directory).filter((name) => name.startsWith(".")), []);
  });
});
