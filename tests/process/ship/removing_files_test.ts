import { describe, it } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { readdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { commandOf, type Ended, spawnCommand, thisRuntime } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { csvFiles, record, ROWS_EACH, ship } from "../../support/stores/shipping_commands.ts";
import { shipHere } from "../../support/stores/shipping_here.ts";

const entry = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));

function kymo(...args: string[]): Promise<Ended> {
  return spawnCommand(commandOf(thisRuntime, entry, args)).ended;
}

/** Makes all files look as if they were written so many seconds ago. */
function age(directory: string, names: readonly string[], seconds: number): void {
  const time = Date.now() / 1000 - seconds;
  for (const name of names) utimesSync(join(directory, name), time, time);
}

describe("kymo prune and kymo compact beside a shipper", () => {
  it("remove only what is in all databases", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    const store = scratch.at("store.duckdb");
    await record(directory, {}, 1);
    const shipped = csvFiles(directory);
    age(directory, shipped, 3_600);
    assertEquals((await ship(directory, store)).code, 0);
    await sleep(1_100); // files of the second before the look count as not shipped
    await record(directory, {}, 1);
    const unshipped = csvFiles(directory).filter((name) => !shipped.includes(name));
    assert(unshipped.length > 0);

    const compacted = await kymo("compact", directory, "--older", "0s", "--json");
    assertEquals([compacted.code, JSON.parse(compacted.stdout).young], [0, unshipped.length]);
    assertEquals(csvFiles(directory), unshipped);
    await sleep(1_100); // --max-age is at least a second
    const pruned = await kymo("prune", directory, "--max-age", "1s", "--json");
    assertEquals(JSON.parse(pruned.stdout).removed.files, shipped.length);
    assertEquals(csvFiles(directory), unshipped);

    const again = await ship(directory, store);
    assertEquals([again.code, JSON.parse(again.stdout).lanes[0].rows.shipped], [0, ROWS_EACH]);
    await kymo("prune", directory, "--max-age", "1s");
    assertEquals(csvFiles(directory), []);
  });

  it("remove what is not shipped yet if they are told to", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    await record(directory, {}, 1);
    const files = csvFiles(directory);
    age(directory, files, 3_600);
    const failed = await shipHere(directory, "postgres://nobody@127.0.0.1:1/nowhere");
    assertEquals([await failed.ended, readdirSync(join(directory, ".ship")).length], [1, 2]);
    const kept = await kymo("prune", directory, "--max-bytes", "64KiB", "--max-age", "1s");
    assertStringIncludes(kept.stdout, "Removed nothing");
    assertEquals(csvFiles(directory), files);
    assertEquals((await kymo("prune", directory, "--max-age", "1s", "--drop-unshipped")).code, 0);
    assertEquals(csvFiles(directory), []);
  });
});
