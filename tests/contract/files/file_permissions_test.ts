import { fileURLToPath } from "node:url";
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { writeFileSync } from "node:fs";
import process from "node:process";
import { commandOf, spawnCommand, thisRuntime } from "../../support/process/run.ts";
import { SIZE } from "../../support/process/mappings.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

const skip = thisRuntime === "node" ? "only on Deno and Bun" : false;

/** Output of a fixture on Deno in a terminal: one line, so there was no prompt. */
async function say(name: string, permissions: readonly string[], path: string): Promise<unknown> {
  const words = commandOf("deno", fixture(name), [path], permissions).map((word) => `'${word}'`);
  const command = ["script", "--quiet", "--return", "--command", `exec ${words.join(" ")}`, "/dev/null"];
  const { code, stdout } = await spawnCommand(command).ended;
  assertEquals(code, 0, stdout);
  return JSON.parse(stdout);
}

// Other systems cannot map files, and have another script(1).
if (process.platform === "linux") {
  describe("mapping on Deno in a terminal, without a prompt,", { skip }, () => {
    const map = (permissions: readonly string[], path: string) => say("map_permitted.ts", permissions, path);

    it("is absent without --allow-ffi", async () => {
      using scratch = scratchDirectory();
      writeFileSync(scratch.at("a"), new Uint8Array(SIZE));
      assertEquals(await map([`--allow-read=${scratch.path}`, `--allow-write=${scratch.path}`], scratch.at("a")), {
        isThere: false,
        why: "needs --allow-ffi",
      });
    });

    it("maps only files that the permissions allow to read and write", async () => {
      using scratch = scratchDirectory();
      writeFileSync(scratch.at("a"), new Uint8Array(SIZE));
      const read = `--allow-read=${scratch.path}`;
      const write = `--allow-write=${scratch.path}`;
      assertEquals(await map(["--allow-ffi", read, write], scratch.at("a")), { isThere: true, outcome: "mapped" });
      for (const permissions of [[], [read], [write]]) {
        assertEquals(await map(["--allow-ffi", ...permissions], scratch.at("a")), { isThere: true, outcome: "DENIED" });
      }
    });
  });

  describe("free space on Deno in a terminal, without a prompt,", { skip }, () => {
    it("is told with --allow-sys=statfs, where the permissions allow to read", async () => {
      using scratch = scratchDirectory();
      const read = `--allow-read=${scratch.path}`;
      const tell = (...permissions: string[]) => say("tell_free_permitted.ts", permissions, scratch.path);
      assertEquals(await tell("--allow-sys=statfs", read), { isThere: true, outcome: "told" });
      assertEquals(await tell("--allow-sys=statfs"), { isThere: true, outcome: "DENIED" });
      assertEquals(await tell(read), { isThere: false, why: "needs --allow-sys=statfs" });
    });
  });
}
