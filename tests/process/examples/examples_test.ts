import { describe, it } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { execFile } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { scratchDirectory } from "../../support/scratch_directory.ts";
import { DENO_FLAGS } from "../../support/process/run.ts";

/** Runs an example on the runtime of this test, and returns its output as lines. */
async function run(example: string): Promise<string[]> {
  using scratch = scratchDirectory();
  const path = fileURLToPath(new URL(`../../../examples/${example}`, import.meta.url));
  const args = "Bun" in globalThis ? [path, scratch.path] : ["run", ...DENO_FLAGS, "-A", path, scratch.path];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args);
  assertEquals(stderr, "");
  return stdout.trimEnd().split("\n");
}

describe("example", () => {
  it("queue_length.ts prints what its channel and its sampler recorded", async () => {
    const [waited, length, ...more] = (await run("queue_length.ts")).sort().reverse();
    assertMatch(waited!, /^waited, ms:( \d+){20}$/);
    assertMatch(length!, /^queue length: 0( 1\d| \d)+ 0$/);
    assertEquals(more, []);
  });

  it("decorators.ts prints what each kind of timing recorded", async () => {
    const [dishes, refused, ...recorded] = await run("decorators.ts");
    assertEquals([dishes, refused], ["soup no. 1, noodles no. 2", "Not served: SyntaxError"]);
    assertEquals(recorded.map((line) => line.replace(/: \d+\.\d{3} ms$/, "")), [
      "parse order",
      "Kitchen.cook",
      "Kitchen.cook",
      "print order",
      "serve order",
      "parse order",
      "serve order",
    ]);
  });
});
