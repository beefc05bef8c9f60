import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { MonitorStatus } from "../../../mod.ts";
import { csvFiles } from "../../support/process/recorded_rows.ts";
import { readNumbers } from "../../support/process/recorded_numbers.ts";
import { commandOf, spawnCommand, thisRuntime } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";

const fixture = fileURLToPath(new URL("fixtures/record_numbers.ts", import.meta.url));

/** What the program reports. */
interface Report extends MonitorStatus {
  readonly thrown?: { readonly code: string; readonly message: string };
}

/** Runs the program, with `counts` as arguments, under limits that the shell sets. It must end by itself. */
async function runLimited(
  limit: string,
  options: object,
  counts: readonly number[],
  permissions: readonly string[] = ["-A"],
): Promise<Report> {
  const command = commandOf(thisRuntime, fixture, [JSON.stringify(options), ...counts.map(String)], permissions);
  // Deno would die of writing its own caches, which may be larger than the limit.
  const env = { DENO_DIR: "/dev/null/none" };
  const ended = await spawnCommand(["sh", "-c", `${limit}; exec "$@"`, "sh", ...command], { env }).ended;
  assertEquals([ended.code, ended.signal, ended.stderr], [0, null, ""]);
  return JSON.parse(ended.stdout);
}

/** Files of at most 100 KiB, or 200: shells differ in the unit. */
const SMALL_FILES = "ulimit -c 0; ulimit -f 200";

/** Deno's permissions with which there are spools, and with which there are none. */
const PERMISSIONS: Readonly<Record<string, readonly string[]>> = {
  "all permissions": ["-A"],
  "--allow-ffi": ["--allow-read", "--allow-write", "--allow-ffi"],
  "--allow-read and --allow-write": ["--allow-read", "--allow-write"],
};

for (const [what, permissions] of Object.entries(PERMISSIONS)) {
  const hasSpools = what !== "--allow-read and --allow-write";
  const skip = thisRuntime === "deno" || what === "all permissions" ? false : "only on Deno";

  describe(`a program that may not write large files, with ${what}`, () => {
    it(
      `goes on ${hasSpools ? "if start throws for a spool that is too large" : "without spools"}`,
      { skip },
      async () => {
        using scratch = scratchDirectory();
        const monitoringDir = scratch.at("monitoring");
        const { thrown, flushed } = await runLimited(SMALL_FILES, { monitoringDir }, [100], permissions);
        if (hasSpools) {
          assertEquals(thrown?.code, "io");
          assertMatch(thrown!.message, /^Cannot make a spool: ".*\/monitoring": file too large$/);
          assertEquals(readdirSync(monitoringDir), []);
        } else {
          assertEquals([thrown, flushed], [undefined, 103]);
        }
      },
    );

    it("keeps and counts rows that no file has room for", { skip }, async () => {
      using scratch = scratchDirectory();
      const monitoringDir = scratch.at("monitoring");
      const options = { monitoringDir, durability: "memory", flushInterval: 0 };
      const { recorded, flushed, dropped, channels, lastError } = await runLimited(
        SMALL_FILES,
        options,
        [8_000],
        permissions,
      );
      assertEquals([channels.custom?.flushed, channels.custom?.dropped], [0, 8_000]);
      assertEquals([recorded, flushed, dropped], [8_240, 240, 8_000]);
      assertMatch(lastError!.message, /^Cannot write the observations, .*: file too large$/);
      assertEquals(readdirSync(monitoringDir).filter((name) => /^\.|custom/.test(name)), []);
    });

    it("writes separate files when the one that it appends to is as large as may be", { skip }, async () => {
      using scratch = scratchDirectory();
      const monitoringDir = scratch.at("monitoring");
      const options = { monitoringDir, durability: "memory", layout: "append", flushInterval: 0 };
      const { recorded, flushed, errors, lastError, capabilities } = await runLimited(
        SMALL_FILES,
        options,
        [10_000, 1_000],
        permissions,
      );
      assertEquals([recorded, flushed, errors], [10_300, 10_300, 1]);
      assertMatch(
        lastError!.message,
        /^Cannot append, so separate files are written: ".*custom\.csv": file too large$/,
      );
      assertEquals(capabilities.append?.available, false);
      assert(csvFiles(monitoringDir, "custom").length > 1);
      assertEquals(readNumbers(monitoringDir).length, 10_000);
    });
  });
}

describe("a program that may open 24 files", () => {
  for (const layout of ["segments", "append"]) {
    it(`records several channels with spools in layout ${layout}`, async () => {
      using scratch = scratchDirectory();
      const monitoringDir = scratch.at("monitoring");
      const options = { monitoringDir, layout, withRuntime: true };
      const { thrown, durability, recorded, flushed, errors } = await runLimited("ulimit -n 24", options, [
        3_000,
        1_000,
      ]);
      assertEquals([thrown, durability, errors], [undefined, "spool", 0]);
      assertEquals(flushed, recorded);
      assertEquals(readNumbers(monitoringDir).length, 3_000);
    });
  }
});
