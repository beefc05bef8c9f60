import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows, fail } from "@std/assert";
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import process from "node:process";
import { detect } from "../../runtime_adapters/detect.ts";
import { mapFile, type MappingCalls } from "../../runtime_adapters/posix/mapping.ts";
import { FileError } from "../../src/runtime.ts";
import { held, isFree, map, NOTHING, SIZE, skip } from "../support/process/mappings.ts";
import { scratchDirectory } from "../support/scratch_directory.ts";

const { files, unavailable } = detect(globalThis);

/** A file that not even root can open for writing. */
function unwritable(scratch: { at(name: string): string }): string {
  if (process.getuid?.() === 0) return "/sys/kernel/notes";
  const path = scratch.at("unwritable");
  writeFileSync(path, new Uint8Array(SIZE));
  chmodSync(path, 0o400);
  return path;
}

describe("mapping", { skip }, () => {
  it("is available on Linux, and elsewhere there is a reason", () => {
    assertEquals(files.map !== undefined, process.platform === "linux");
    assertEquals(unavailable.spool === undefined, process.platform === "linux");
  });
});

// Other systems cannot map files.
if (process.platform === "linux") {
  describe("mapping of a file", { skip }, () => {
    it("shares its bytes with the file", () => {
      using scratch = scratchDirectory();
      writeFileSync(scratch.at("a"), new Uint8Array(SIZE).fill(7));
      const { buffer, unmap } = map(scratch.at("a"));
      assertEquals(buffer.byteLength, SIZE);
      const numbers = new Float64Array(buffer);
      numbers[1] = 0.1;
      numbers[SIZE / 8 - 1] = -0.2;
      const content = readFileSync(scratch.at("a"));
      assertEquals(content.length, SIZE);
      assertEquals([content.readDoubleLE(8), content.readDoubleLE(SIZE - 8)], [0.1, -0.2]);
      assertEquals([...content.subarray(16, 20)], [7, 7, 7, 7]);
      const handle = files.open(scratch.at("a"));
      handle.writeAt(new Uint8Array([1, 2, 3]), 100);
      handle.close();
      assertEquals([...new Uint8Array(buffer, 99, 5)], [7, 1, 2, 3, 7]);
      unmap();
      assertEquals(readFileSync(scratch.at("a")), content.fill(new Uint8Array([1, 2, 3]), 100, 103));
    });

    it("has the requested size, from the start of the file", () => {
      using scratch = scratchDirectory();
      writeFileSync(scratch.at("a"), new Uint8Array(SIZE));
      const { buffer, unmap } = map(scratch.at("a"), 5000);
      assertEquals(buffer.byteLength, 5000);
      new Uint8Array(buffer).fill(1);
      unmap();
      assertEquals(readFileSync(scratch.at("a")).lastIndexOf(1), 4999);
      assertEquals(held(scratch.path), NOTHING);
    });

    it("needs no descriptor, and leaves nothing once it is unmapped", () => {
      using scratch = scratchDirectory();
      writeFileSync(scratch.at("a"), new Uint8Array(SIZE));
      const mapping = map(scratch.at("a"));
      const numbers = new Float64Array(mapping.buffer);
      assertEquals(held(scratch.path), { mappings: 1, descriptors: 0 });
      mapping.unmap();
      assertEquals(held(scratch.path), NOTHING);
      assertEquals([mapping.buffer.byteLength, numbers.length, numbers[0]], [0, 0, undefined]);
    });

    it("can be unmapped twice", () => {
      using scratch = scratchDirectory();
      writeFileSync(scratch.at("a"), new Uint8Array(SIZE));
      const first = map(scratch.at("a"));
      first.unmap();
      const second = map(scratch.at("a"));
      first.unmap();
      assertEquals(held(scratch.path), { mappings: 1, descriptors: 0 });
      new Uint8Array(second.buffer).fill(1);
      second.unmap();
      second.unmap();
      assertEquals(held(scratch.path), NOTHING);
    });

    it("can be unmapped after native code has used its buffer", () => {
      using scratch = scratchDirectory();
      writeFileSync(scratch.at("a"), new Uint8Array(SIZE));
      const mapping = map(scratch.at("a"));
      const bytes = new Uint8Array(mapping.buffer);
      new TextEncoder().encodeInto("some text", bytes);
      const handle = files.create(scratch.at("b"));
      handle.write(bytes.subarray(0, 4));
      handle.readAt(bytes.subarray(10), 0);
      handle.close();
      assertEquals(new TextDecoder().decode(bytes.subarray(0, 14)), "some text\0some");
      mapping.unmap();
      assertEquals(held(scratch.path), NOTHING);
    });

    it("can be made and unmapped a thousand times", () => {
      using scratch = scratchDirectory();
      writeFileSync(scratch.at("a"), new Uint8Array(SIZE));
      for (let i = 1; i <= 1000; i++) {
        const mapping = map(scratch.at("a"));
        const counter = new Uint32Array(mapping.buffer);
        counter[0]!++;
        mapping.unmap();
      }
      assertEquals(readFileSync(scratch.at("a")).readUInt32LE(0), 1000);
      assertEquals(held(scratch.path), NOTHING);
    });
  });

  describe("failed mapping", { skip }, () => {
    const cases: Record<
      string,
      [code: string, path: (scratch: { at(name: string): string }) => string, size?: number]
    > = {
      "is not there": ["ENOENT", (scratch) => scratch.at("nothing")],
      "is in no directory": ["ENOTDIR", (scratch) => scratch.at("file/nothing")],
      "is a link": ["ELOOP", (scratch) => scratch.at("link")],
      "is a directory": ["EISDIR", (scratch) => scratch.at("directory")],
      "is not a file on a disk": ["ENODEV", () => "/dev/null"],
      "may not be written": ["EACCES", unwritable],
      "has a zero byte in its path": ["EINVAL", (scratch) => scratch.at("file\0")],
      "is asked for without a size": ["EINVAL", (scratch) => scratch.at("file"), 0],
      "is larger than memory can be": ["ENOMEM", (scratch) => scratch.at("file"), 2 ** 52],
    };
    for (const [name, [code, path, size = SIZE]] of Object.entries(cases)) {
      it(`throws ${code} and holds nothing: ${name}`, () => {
        using scratch = scratchDirectory();
        writeFileSync(scratch.at("file"), new Uint8Array(SIZE));
        mkdirSync(scratch.at("directory"));
        symlinkSync("file", scratch.at("link"));
        assertEquals(assertThrows(() => files.map!(path(scratch), size), FileError).code, code);
        assertEquals(held(scratch.path), NOTHING);
        assert(isFree(scratch.at("file")));
      });
    }

    /** A C library that records its calls, and fails where the test says. */
    function brokenLibc(failing: Partial<Record<"flock" | "mmap", number>>): { calls: string[]; libc: MappingCalls } {
      const calls: string[] = [];
      let errno = 0;
      const call = <T>(name: string, result: T, failure: T): T => {
        calls.push(name);
        errno = failing[name as "flock"] ?? errno;
        return name in failing ? failure : result;
      };
      const libc: MappingCalls = {
        open: () => call("open", 5, -1),
        flock: (fd) => call("flock", fd - 5, -1),
        mmap: () => call("mmap", 4096n, -1n),
        munmap: (address, size) => call(`munmap ${address} ${size}`, 0, -1),
        close(fd: number): number {
          errno = 9; // the errno of close must not hide the earlier one
          return call(`close ${fd}`, 0, -1);
        },
        errno: () => errno,
      };
      return { calls, libc };
    }

    const neverAdopted = (): never => fail("nothing was mapped");

    it("throws if locks do not work, and holds nothing", () => {
      const { libc, calls } = brokenLibc({ flock: 37 });
      assertEquals(assertThrows(() => mapFile(libc, "a", 10, neverAdopted), FileError).code, "ENOLCK");
      assertEquals(calls, ["open", "flock", "close 5"]);
    });

    it("throws if mmap fails, and holds nothing", () => {
      const { libc, calls } = brokenLibc({ mmap: 19 });
      assertEquals(assertThrows(() => mapFile(libc, "a", 10, neverAdopted), FileError).code, "ENODEV");
      assertEquals(calls, ["open", "flock", "mmap", "close 5"]);
    });

    it("throws if the runtime makes no buffer, and holds nothing", () => {
      const { libc, calls } = brokenLibc({});
      const refuse = (): never => {
        throw new RangeError("too large");
      };
      assertThrows(() => mapFile(libc, "a", 10, refuse), RangeError, "too large");
      assertEquals(calls, ["open", "flock", "mmap", "munmap 4096 10", "close 5"]);
    });
  });
}
