import { fileURLToPath } from "node:url";
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { writeFileSync } from "node:fs";
import process from "node:process";
import { commandOf, spawnCommand } from "../support/process/run.ts";
import { SIZE } from "../support/process/mappings.ts";
import { scratchDirectory } from "../support/scratch_directory.ts";

const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));

// Elsewhere there is nothing to test.
if (process.platform === "linux") {
  describe("on Deno, where somebody could be asked for permissions but is not,", () => {
    /** What the fixture says in a terminal, which is one line and nothing besides. */
    async function say(permissions: readonly string[], path: string): Promise<unknown> {
      const words = commandOf("deno", fixture("map_permitted.ts"), [path], permissions).map((word) => `'${word}'`);
      const command = ["script", "--quiet", "--return", "--command", `exec ${words.join(" ")}`, "/dev/null"];
      const { code, stdout } = await spawnCommand(command).ended;
      assertEquals(code, 0, stdout);
      return JSON.parse(stdout);
    }

    it("mapping is absent without --allow-ffi", async () => {
      using scratch = scratchDirectory();
      writeFileSync(scratch.at("a"), new Uint8Array(SIZE));
      assertEquals(await say([`--allow-read=${scratch.path}`, `--allow-write=${scratch.path}`], scratch.at("a")), {
        isThere: false,
        why: "needs --allow-ffi",
      });
    });

    it("mapping is of files that may be read and written, and no others", async () => {
      using scratch = scratchDirectory();
      writeFileSync(scratch.at("a"), new Uint8Array(SIZE));
      const read = `--allow-read=${scratch.path}`;
      const write = `--allow-write=${scratch.path}`;
      assertEquals(await say(["--allow-ffi", read, write], scratch.at("a")), { isThere: true, outcome: "mapped" });
      for (const permissions of [[], [read], [write]]) {
        assertEquals(await say(["--allow-ffi", ...permissions], scratch.at("a")), { isThere: true, outcome: "DENIED" });
      }
    });
  });
}
