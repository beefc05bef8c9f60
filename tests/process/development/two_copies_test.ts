import { describe, it } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { countByLabel } from "../../support/process/recorded_rows.ts";
import { spawnOn, thisRuntime } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";

const FIXTURE = fileURLToPath(new URL("./fixtures/two_copies.ts", import.meta.url));
const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** Copies what `mod.ts` needs. Returns the copy's entry. */
function copyPackage(to: string): string {
  for (const name of ["mod.ts", "src", "runtime_adapters"]) {
    cpSync(`${ROOT}${name}`, `${to}/${name}`, { recursive: true, filter: (path) => !path.includes("/report") });
  }
  return `${to}/mod.ts`;
}

async function run(directory: string, copy: string): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await spawnOn(thisRuntime, FIXTURE, [directory, copy]).ended;
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  return JSON.parse(stdout);
}

describe("two copies of the package in a program", () => {
  it("share one recording", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    const { errors, running, recorded } = await run(directory, copyPackage(scratch.at("copy")));
    assertEquals({ errors, running, recorded }, { errors: [], running: true, recorded: 3 });
    assertEquals(countByLabel(directory, "duration"), { "app work": 1, "library work": 1 });
    assertEquals(countByLabel(directory, "mine"), { library: 1 });
  });

  it("that cannot share one say so", async () => {
    using scratch = scratchDirectory();
    const directory = scratch.at("monitoring");
    const copy = copyPackage(scratch.at("copy"));
    const shared = scratch.at("copy/src/recording/default_monitor.ts");
    writeFileSync(shared, readFileSync(shared, "utf8").replace(/(SHARED_VERSION = )\d+/, "$1999"));
    const { errors, running, recorded } = await run(directory, copy);
    assertEquals({ running, recorded }, { running: false, recorded: 1 });
    assertEquals((errors as string[]).length, 1);
    assertMatch((errors as string[])[0]!, /^Cannot record what another copy of Kymo measures: version /);
    assertEquals(countByLabel(directory, "duration"), { "app work": 1 });
  });
});
