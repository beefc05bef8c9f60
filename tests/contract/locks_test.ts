import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { writeFileSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { detect } from "../../runtime_adapters/detect.ts";
import { skip } from "../support/process/mappings.ts";
import { type RuntimeName, RUNTIMES, spawnOn } from "../support/process/run.ts";
import { scratchDirectory } from "../support/scratch_directory.ts";

const { files, timers } = detect(globalThis);

/** Whether the lock of a file is free. */
function isFree(path: string): boolean {
  const handle = files.open(path);
  try {
    return handle.tryLock!();
  } finally {
    handle.close();
  }
}

/** Starts a program that tries to lock a file and keeps the lock. Resolves with its result. */
async function startHolder(runtime: RuntimeName, path: string, ...args: string[]) {
  const fixture = fileURLToPath(new URL("./fixtures/hold_lock.ts", import.meta.url));
  const { child, ended } = spawnOn(runtime, fixture, [path, ...args]);
  const { value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  assert(value !== undefined, "the holder said nothing");
  return { child, ended, said: value as string };
}

describe("file lock", { skip }, () => {
  it("is available", () => assert(files.locks));

  it("excludes a second handle of the same process until the first is closed", () => {
    using scratch = scratchDirectory();
    const path = scratch.at("a");
    const first = files.create(path);
    const second = files.open(path);
    assert(first.tryLock!());
    assert(!second.tryLock!());
    assert(!isFree(path));
    first.close();
    assert(second.tryLock!());
    second.close();
    assert(isFree(path));
  });

  it("can be taken again by its holder", () => {
    using scratch = scratchDirectory();
    const handle = files.create(scratch.at("a"));
    assert(handle.tryLock!());
    assert(handle.tryLock!());
    handle.close();
  });

  it("belongs to the file, not to its name", () => {
    using scratch = scratchDirectory();
    const handle = files.create(scratch.at("a"));
    assert(handle.tryLock!());
    files.rename(scratch.at("a"), scratch.at("b"));
    files.create(scratch.at("a")).close();
    assert(isFree(scratch.at("a")));
    assert(!isFree(scratch.at("b")));
    handle.close();
  });

  for (const runtime of RUNTIMES) {
    it(`held by a process on ${runtime} excludes this one until that exits`, async () => {
      using scratch = scratchDirectory();
      writeFileSync(scratch.at("a"), "");
      const { child, ended, said } = await startHolder(runtime, scratch.at("a"));
      assertEquals(said, "true");
      assert(!isFree(scratch.at("a")));
      child.stdin.end();
      assertEquals((await ended).code, 0);
      assert(isFree(scratch.at("a")));
    });

    it(`held by this process excludes one on ${runtime}`, async () => {
      using scratch = scratchDirectory();
      const handle = files.create(scratch.at("a"));
      assert(handle.tryLock!());
      const { child, ended, said } = await startHolder(runtime, scratch.at("a"));
      assertEquals(said, "false");
      child.stdin.end();
      await ended;
      handle.close();
    });

    it(`is released when its process on ${runtime} is killed`, async () => {
      using scratch = scratchDirectory();
      writeFileSync(scratch.at("a"), "");
      const { child, ended, said } = await startHolder(runtime, scratch.at("a"));
      assertEquals(said, "true");
      child.kill("SIGKILL");
      assertEquals((await ended).signal, "SIGKILL");
      assert(isFree(scratch.at("a")));
    });

    it(`is released when its process on ${runtime} is killed, though a child of it lives on`, async () => {
      using scratch = scratchDirectory();
      writeFileSync(scratch.at("a"), "");
      const { child, ended, said } = await startHolder(runtime, scratch.at("a"), "with a survivor");
      const [locked, survivor] = said.split(" ");
      try {
        assertEquals(locked, "true");
        child.kill("SIGKILL");
        await ended;
        // A new child process shares the open files for a moment, until it has called exec.
        for (let i = 0; i < 100 && !isFree(scratch.at("a")); i++) await timers.sleep(10);
        assert(isFree(scratch.at("a")));
      } finally {
        process.kill(Number(survivor));
      }
    });
  }
});
