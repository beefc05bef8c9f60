import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { existsSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { countByLabel } from "../../support/process/recorded_rows.ts";
import { spawnCommand, spawnOn, testCommandOf, thisRuntime } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";

const KYMO = new URL("../../../mod.ts", import.meta.url).href;
const CONFIG = fileURLToPath(new URL("../../../deno.json", import.meta.url));

describe("tests of node:test without stop, in the test runner of this runtime", () => {
  for (const durability of ["spool", "memory"]) {
    it(`leave their rows in files, durability ${durability}`, async () => {
      using scratch = scratchDirectory();
      for (const label of ["a", "b"]) {
        writeFileSync(
          scratch.at(`${label}_test.mjs`),
          `import { it } from "node:test";
           import process from "node:process";
           import { observe, start } from ${JSON.stringify(KYMO)};
           it("starts", () => void start({ monitoringDir: process.env.DIRECTORY, durability: "${durability}" }));
           it("records", () => observe("${label}", 1));`,
        );
      }
      const files = ["./a_test.mjs", "./b_test.mjs"];
      const flags = thisRuntime === "deno" ? ["--config", CONFIG] : [];
      const { code, stdout, stderr } = await spawnCommand(testCommandOf(thisRuntime, files, flags), {
        cwd: scratch.path,
        env: { DIRECTORY: scratch.at("monitoring") },
        timeLimit: 30_000,
      }).ended;
      assertEquals(code, 0, stdout + stderr);
      assertEquals(countByLabel(scratch.at("monitoring"), "custom"), { a: 1, b: 1 });
      assertEquals(existsSync(scratch.at("monitoring/.spools")), false);
    });
  }
});

describe("Kymo, if it is imported while globals are faked", () => {
  it("stops when the faked time goes on, as the guide says", async () => {
    using scratch = scratchDirectory();
    const fixture = fileURLToPath(new URL("./fixtures/imported_under_fakes.ts", import.meta.url));
    const { stdout, stderr } = await spawnOn(thisRuntime, fixture, [scratch.path], { timeLimit: 20_000 }).ended;
    assertEquals({ stdout, stderr }, { stdout: "false\ntrue\n", stderr: "" });
    assertEquals(countByLabel(scratch.path, "custom"), { x: 1 });
  });
});
