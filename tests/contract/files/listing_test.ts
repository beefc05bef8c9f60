import { mkdirSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { detect } from "../../../runtime_adapters/detect.ts";
import { FileError } from "../../../src/runtime.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";

const { files } = detect(globalThis);
describe("listBlocks", () => {
  /** The names in all blocks, sorted, and how many blocks there are. */
  async function listed(path: string): Promise<{ readonly names: string[]; readonly blocks: number }> {
    const names: string[] = [];
    let blocks = 0;
    for await (const block of files.listBlocks(path)) {
      const text = new TextDecoder().decode(block);
      assertEquals(text.at(-1), "/");
      names.push(...text.slice(0, -1).split("/"));
      blocks++;
    }
    return { names: names.sort(), blocks };
  }

  it("has the names that list returns, in blocks if there are many", async () => {
    using scratch = scratchDirectory();
    mkdirSync(scratch.at("d"));
    for (const name of [".hidden", "..two", "täglich.csv", "\u{1f600}.csv", `${"x".repeat(250)}.csv`]) {
      writeFileSync(scratch.at(name), "");
    }
    for (let i = 0; i < 1_500; i++) writeFileSync(scratch.at(`duration.4711-0123abcd-${i}.csv`), "");
    const { names, blocks } = await listed(scratch.path);
    assertEquals(names, files.list(scratch.path).sort());
    if (files.map !== undefined) assert(blocks > 1); // where the C library may be called on Linux
  });

  it("has none of an empty directory", async () => {
    using scratch = scratchDirectory();
    assertEquals((await listed(scratch.path)).names, []);
  });

  it("rejects for what is no directory", async () => {
    using scratch = scratchDirectory();
    writeFileSync(scratch.at("a"), "");
    const codeAt = async (path: string): Promise<string> => (await assertRejects(() => listed(path), FileError)).code;
    assertEquals([await codeAt(scratch.at("a")), await codeAt(scratch.at("nothing"))], ["ENOTDIR", "ENOENT"]);
  });
});

describe("listBeside", () => {
  it("resolves with the names that list returns", async () => {
    using scratch = scratchDirectory();
    mkdirSync(scratch.at("d"));
    for (let i = 0; i < 300; i++) writeFileSync(scratch.at(`${i}.csv`), "");
    assertEquals((await files.listBeside(scratch.path)).sort(), files.list(scratch.path).sort());
  });

  it("rejects for what is no directory", async () => {
    using scratch = scratchDirectory();
    writeFileSync(scratch.at("a"), "");
    const codeAt = async (path: string): Promise<string> =>
      (await assertRejects(() => files.listBeside(path), FileError)).code;
    assertEquals([await codeAt(scratch.at("a")), await codeAt(scratch.at("nothing"))], ["ENOTDIR", "ENOENT"]);
  });
});
