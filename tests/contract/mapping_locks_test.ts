import { fileURLToPath } from "node:url";
import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { detect } from "../../runtime_adapters/detect.ts";
import { type RuntimeName, RUNTIMES, spawnOn, thisRuntime } from "../support/process/run.ts";
import { held, isFree, map, NOTHING, SIZE, skip } from "../support/process/mappings.ts";
import { scratchDirectory } from "../support/scratch_directory.ts";

const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));

const { files, timers } = detect(globalThis);

/** Starts a program that holds a lock or a mapping of a file. Resolves with its result. */
async function startHolder(runtime: RuntimeName, program: string, path: string, ...args: string[]) {
  const { child, ended, kill } = spawnOn(runtime, fixture(program), [path, ...args]);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const hear = async (): Promise<string> => {
    const { value } = await lines.next();
    assert(value !== undefined, "the holder said nothing");
    return value as string;
  };
  return { child, ended, kill, hear, said: await hear() };
}

// Other systems cannot map files.
if (process.platform === "linux") {
  describe("lock of a mapping", { skip }, () => {
    it("excludes other handles and mappings of this process until it is unmapped", () => {
      using scratch = scratchDirectory();
      writeFileSync(scratch.at("a"), new Uint8Array(SIZE));
      const mapping = map(scratch.at("a"));
      assert(!isFree(scratch.at("a")));
      assertEquals(files.map!(scratch.at("a"), SIZE), undefined);
      assertEquals(held(scratch.path), { mappings: 1, descriptors: 0 });
      mapping.unmap();
      assert(isFree(scratch.at("a")));
    });

    it("is not taken while a handle holds it", () => {
      using scratch = scratchDirectory();
      const handle = files.create(scratch.at("a"));
      handle.write(new Uint8Array(SIZE));
      assert(handle.tryLock!());
      const before = held(scratch.path);
      assertEquals(files.map!(scratch.at("a"), SIZE), undefined);
      assertEquals([held(scratch.path), before.mappings], [before, 0]);
      handle.close();
      map(scratch.at("a")).unmap();
    });

    it("stays with a file that is renamed or removed", () => {
      using scratch = scratchDirectory();
      writeFileSync(scratch.at("a"), new Uint8Array(SIZE));
      const mapping = map(scratch.at("a"));
      files.rename(scratch.at("a"), scratch.at("b"));
      assert(!isFree(scratch.at("b")));
      files.remove(scratch.at("b"));
      new Uint8Array(mapping.buffer).fill(1);
      mapping.unmap();
      assertEquals(held(scratch.path), NOTHING);
    });

    for (const runtime of RUNTIMES) {
      it(`held by this process excludes one on ${runtime} until it is unmapped`, async () => {
        using scratch = scratchDirectory();
        writeFileSync(scratch.at("a"), new Uint8Array(SIZE));
        const mapping = map(scratch.at("a"));
        const saying = async (program: string): Promise<string> => {
          const { child, ended, said } = await startHolder(runtime, program, scratch.at("a"));
          child.stdin.end();
          await ended;
          return said;
        };
        assertEquals([await saying("hold_lock.ts"), await saying("hold_mapping.ts")], ["false", "locked"]);
        mapping.unmap();
        assertEquals([await saying("hold_lock.ts"), await saying("hold_mapping.ts")], ["true", "mapped"]);
      });

      it(`held by a process on ${runtime} excludes this one until that unmaps, though a child of it lives on`, async () => {
        using scratch = scratchDirectory();
        writeFileSync(scratch.at("a"), new Uint8Array(SIZE));
        const { child, ended, hear, said } = await startHolder(runtime, "hold_mapping.ts", scratch.at("a"), "and more");
        const [mapped, survivor] = said.split(" ");
        try {
          assertEquals(mapped, "mapped");
          assert(!isFree(scratch.at("a")));
          assertEquals([...readFileSync(scratch.at("a")).subarray(0, 4)], [1, 2, 3, 0]);
          // A new child process shares the mappings for a moment, until it has called exec.
          while (readFileSync(`/proc/${survivor}/comm`, "utf8") !== "sleep\n") await timers.sleep(10);
          child.stdin.write("unmap\n");
          assertEquals(await hear(), "unmapped");
          assert(isFree(scratch.at("a")));
        } finally {
          process.kill(Number(survivor));
          child.stdin.end();
          await ended;
        }
      });

      it(`is released when its process on ${runtime} is killed, and the stored bytes remain`, async () => {
        using scratch = scratchDirectory();
        writeFileSync(scratch.at("a"), new Uint8Array(SIZE));
        const { ended, kill, said } = await startHolder(runtime, "hold_mapping.ts", scratch.at("a"));
        assertEquals(said, "mapped");
        assert(!isFree(scratch.at("a")));
        kill("SIGKILL");
        assertEquals((await ended).signal, "SIGKILL");
        const mapping = map(scratch.at("a"));
        assertEquals([...new Uint8Array(mapping.buffer, 0, 4)], [1, 2, 3, 0]);
        mapping.unmap();
      });

      it(`is released when its process on ${runtime} exits without unmapping`, async () => {
        using scratch = scratchDirectory();
        writeFileSync(scratch.at("a"), new Uint8Array(SIZE));
        const { child, ended, said } = await startHolder(runtime, "hold_mapping.ts", scratch.at("a"));
        assertEquals(said, "mapped");
        child.stdin.end();
        assertEquals((await ended).code, 0);
        assert(isFree(scratch.at("a")));
      });
    }
  });

  describe("mapping in 16 workers", { skip }, () => {
    it("that start at once gives each its own file, and no other", async () => {
      using scratch = scratchDirectory();
      const { code, stdout, stderr } = await spawnOn(thisRuntime, fixture("map_in_workers.ts"), [scratch.path]).ended;
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      assertEquals(JSON.parse(stdout), { bytes: 16 * SIZE, stolen: 0, left: 0 });
      for (let i = 0; i < 16; i++) assert(readFileSync(scratch.at(String(i))).every((byte) => byte === 1));
    });
  });
}
