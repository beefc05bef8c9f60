import { describe, it } from "node:test";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import process from "node:process";
import { detect } from "../../runtime_adapters/detect.ts";
import { FileError, type FileHandle } from "../../src/runtime.ts";
import { scratchDirectory } from "../support/scratch_directory.ts";

const { files } = detect(globalThis);

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What a handle reads from `position` on into a buffer of `room` bytes. */
function read(handle: FileHandle, position: number, room: number): string {
  const into = new Uint8Array(room);
  return new TextDecoder().decode(into.subarray(0, handle.readAt(into, position)));
}

/** The code that an operation fails with. */
function codeOf(operation: () => unknown): string {
  return assertThrows(operation, FileError).code;
}

/** A directory in which nobody may create a file, not even root. */
function refusingDirectory(scratch: { at(name: string): string }): string {
  if (process.getuid?.() === 0) return "/sys/kernel";
  const path = scratch.at("refusing");
  mkdirSync(path);
  chmodSync(path, 0o500);
  return path;
}

describe("create", () => {
  for (const umask of [0, 0o022, 0o077]) {
    it(`makes a file that its owner alone may read, under umask ${umask.toString(8).padStart(3, "0")}`, () => {
      using scratch = scratchDirectory();
      const before = process.umask(umask);
      try {
        files.create(scratch.at("a")).close();
      } finally {
        process.umask(before);
      }
      assertEquals(statSync(scratch.at("a")).mode & 0o7777, 0o600);
    });
  }

  it("refuses a name that exists, and leaves what bears it alone", () => {
    using scratch = scratchDirectory();
    writeFileSync(scratch.at("a"), "theirs");
    assertEquals(codeOf(() => files.create(scratch.at("a"))), "EEXIST");
    assertEquals(readFileSync(scratch.at("a"), "utf8"), "theirs");
  });

  it("never follows a link", () => {
    using scratch = scratchDirectory();
    writeFileSync(scratch.at("victim"), "theirs");
    symlinkSync(scratch.at("victim"), scratch.at("link"));
    symlinkSync(scratch.at("nothing"), scratch.at("dangling"));
    assertEquals(codeOf(() => files.create(scratch.at("link"))), "EEXIST");
    assertEquals(codeOf(() => files.create(scratch.at("dangling"))), "EEXIST");
    assertEquals(readFileSync(scratch.at("victim"), "utf8"), "theirs");
    assert(!existsSync(scratch.at("nothing")));
  });
});

describe("an open file", () => {
  it("is written where it was left, and read from anywhere", () => {
    using scratch = scratchDirectory();
    const handle = files.create(scratch.at("a"));
    assertEquals(handle.write(encode("one,")), 4);
    assertEquals(handle.write(encode("zwei")), 4);
    assertEquals(read(handle, 0, 100), "one,zwei");
    assertEquals(read(handle, 4, 2), "zw");
    assertEquals(read(handle, 8, 10), "");
    assertEquals(read(handle, 1000, 10), "");
    handle.close();
    assertEquals(readFileSync(scratch.at("a"), "utf8"), "one,zwei");
  });

  it("takes bytes from the middle of a buffer", () => {
    using scratch = scratchDirectory();
    const handle = files.create(scratch.at("a"));
    assertEquals(handle.write(encode("xxabcxx").subarray(2, 5)), 3);
    const into = encode("........");
    assertEquals(handle.readAt(into.subarray(3, 5), 1), 2);
    handle.close();
    assertEquals(readFileSync(scratch.at("a"), "utf8"), "abc");
    assertEquals(new TextDecoder().decode(into), "...bc...");
  });

  it("is found by its name and goes on at its end", () => {
    using scratch = scratchDirectory();
    writeFileSync(scratch.at("a"), "theirs,");
    const handle = files.open(scratch.at("a"));
    assertEquals(handle.seekEnd(), 7);
    assertEquals(handle.write(encode("ours")), 4);
    assertEquals(handle.seekEnd(), 11);
    handle.close();
    assertEquals(readFileSync(scratch.at("a"), "utf8"), "theirs,ours");
  });

  it("is written anywhere, and goes on after that", () => {
    using scratch = scratchDirectory();
    writeFileSync(scratch.at("a"), "0123456789");
    const handle = files.open(scratch.at("a"));
    assertEquals(handle.writeAt(encode("xabcx").subarray(1, 4), 2), 3);
    handle.write(encode("d"));
    assertEquals(read(handle, 0, 100), "01abcd6789");
    assertEquals(handle.writeAt(encode("e"), 12), 1);
    handle.close();
    assertEquals(readFileSync(scratch.at("a"), "utf8"), "01abcd6789\0\0e");
  });

  it("is read and not written if it was opened to be read", () => {
    using scratch = scratchDirectory();
    writeFileSync(scratch.at("a"), "0123456789");
    const handle = files.open(scratch.at("a"), "read");
    assertEquals(read(handle, 2, 3), "234");
    assertEquals(codeOf(() => handle.write(encode("x"))), "EBADF");
    assertEquals(codeOf(() => handle.writeAt(encode("x"), 0)), "EBADF");
    assert(handle.tryLock!());
    handle.close();
    assertEquals(readFileSync(scratch.at("a"), "utf8"), "0123456789");
    assertEquals(codeOf(() => files.open(scratch.at("b"), "read")), "ENOENT");
  });

  it("is synchronised with the disk, and says so if it cannot be", () => {
    using scratch = scratchDirectory();
    const handle = files.create(scratch.at("a"));
    handle.write(encode("x"));
    handle.sync();
    handle.close();
    // What is not on a disk cannot be: fsync(2) refuses.
    const device = files.open("/dev/null");
    assertThrows(() => device.sync(), FileError);
    device.close();
  });

  it("goes on after what was read", () => {
    using scratch = scratchDirectory();
    writeFileSync(scratch.at("a"), "0123456789");
    const handle = files.open(scratch.at("a"));
    assertEquals(read(handle, 2, 3), "234");
    handle.write(encode("x"));
    handle.close();
    assertEquals(readFileSync(scratch.at("a"), "utf8"), "01234x6789");
  });

  it("is cut to a size", () => {
    using scratch = scratchDirectory();
    writeFileSync(scratch.at("a"), "0123456789");
    const handle = files.open(scratch.at("a"));
    handle.truncate(4);
    assertEquals(handle.seekEnd(), 4);
    handle.write(encode("x"));
    handle.truncate(0);
    assertEquals(handle.status().size, 0);
    handle.close();
    assertEquals(readFileSync(scratch.at("a"), "utf8"), "");
  });

  it("says how many names it has: none once it is deleted", () => {
    using scratch = scratchDirectory();
    const handle = files.create(scratch.at("a"));
    assertEquals(handle.status().links, 1);
    linkSync(scratch.at("a"), scratch.at("b"));
    assertEquals(handle.status().links, 2);
    unlinkSync(scratch.at("a"));
    unlinkSync(scratch.at("b"));
    assertEquals(handle.status().links, 0);
    handle.close();
  });

  it("fails once it is closed", () => {
    using scratch = scratchDirectory();
    const handle = files.create(scratch.at("a"));
    handle.close();
    assertThrows(() => handle.write(encode("x")), FileError);
    assertThrows(() => handle.status(), FileError);
  });
});

describe("failures bear the names of errno", () => {
  it("where something is missing or in the way", () => {
    using scratch = scratchDirectory();
    writeFileSync(scratch.at("file"), "");
    symlinkSync("nothing", scratch.at("dangling"));
    mkdirSync(scratch.at("directory"));
    assertEquals(codeOf(() => files.open(scratch.at("nothing"))), "ENOENT");
    assertEquals(codeOf(() => files.create(scratch.at("no/where"))), "ENOENT");
    assertEquals(codeOf(() => files.remove(scratch.at("nothing"))), "ENOENT");
    assertEquals(codeOf(() => files.rename(scratch.at("nothing"), scratch.at("b"))), "ENOENT");
    assertEquals(codeOf(() => files.create(scratch.at("file"))), "EEXIST");
    assertEquals(codeOf(() => files.ensureDirectory(scratch.at("file"))), "EEXIST");
    assertEquals(codeOf(() => files.ensureDirectory(scratch.at("dangling"))), "EEXIST");
    assertEquals(codeOf(() => files.create(scratch.at("file/below"))), "ENOTDIR");
    assertEquals(codeOf(() => files.ensureDirectory(scratch.at("file/below"))), "ENOTDIR");
    assertEquals(codeOf(() => files.open(scratch.at("directory"))), "EISDIR");
    assertEquals(codeOf(() => files.create(scratch.at("x".repeat(300)))), "ENAMETOOLONG");
  });

  it("where writing is refused", () => {
    using scratch = scratchDirectory();
    const code = codeOf(() => files.create(`${refusingDirectory(scratch)}/kymo`));
    // What a directory says depends on whether its file system or its mode refuses.
    assert(["EACCES", "EPERM", "EROFS"].includes(code), code);
  });

  it("where the disk is full", () => {
    const handle = files.open("/dev/full");
    try {
      assertEquals(codeOf(() => handle.write(encode("x"))), "ENOSPC");
    } finally {
      handle.close();
    }
  });

  it("in words that are the same on every runtime, and with what was thrown as the cause", () => {
    using scratch = scratchDirectory();
    const { message, cause } = assertThrows(() => files.open(scratch.at("nothing")), FileError);
    assertEquals(message, "no such file or directory");
    assertStringIncludes((cause as Error).message, scratch.at("nothing"));
  });
});
