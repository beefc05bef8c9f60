import { execFileSync } from "node:child_process";
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
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { isAtLeast } from "../../../runtime_adapters/version.ts";
import { detect } from "../../../runtime_adapters/detect.ts";
import { FileError, type FileHandle } from "../../../src/runtime.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";

const { files } = detect(globalThis);

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The bytes that a handle reads at `position` into a buffer of `room` bytes. */
function read(handle: FileHandle, position: number, room: number): string {
  const into = new Uint8Array(room);
  return new TextDecoder().decode(into.subarray(0, handle.readAt(into, position)));
}

/** The error code of a failed operation. */
function codeOf(operation: () => unknown): string {
  return assertThrows(operation, FileError).code;
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o7777;
}

/** Runs an operation under another umask. */
function withUmask(umask: number, operation: () => void): void {
  // `process.umask` sets nothing before Deno 2.7.
  const set = "Deno" in globalThis ? Deno.umask : (mask: number) => process.umask(mask);
  const before = set(umask);
  try {
    operation();
  } finally {
    set(before);
  }
}

const isWindows = process.platform === "win32";
const isRoot = process.getuid?.() === 0;

/** A directory in which not even root can create a file. */
function refusingDirectory(scratch: { at(name: string): string }): string {
  if (isRoot) return "/sys/kernel";
  const path = scratch.at("refusing");
  mkdirSync(path);
  chmodSync(path, 0o500);
  return path;
}

describe("create", () => {
  for (const umask of [0, 0o022, 0o077]) {
    it(`creates a file that only its owner may read, under umask ${umask.toString(8).padStart(3, "0")}`, () => {
      using scratch = scratchDirectory();
      withUmask(umask, () => files.create(scratch.at("a")).close());
      assertEquals(modeOf(scratch.at("a")), 0o600);
    });
  }

  for (const mode of [0o600, 0o640, 0o664, 0o666]) {
    it(`gives exactly the mode ${mode.toString(8)}, whatever the umask`, () => {
      using scratch = scratchDirectory();
      for (const umask of [0, 0o022, 0o077]) {
        const path = scratch.at(String(umask));
        withUmask(umask, () => files.create(path, { mode }).close());
        assertEquals(modeOf(path), mode);
        assertEquals(files.status(path)?.access.mode, mode);
      }
    });
  }

  it(
    "gives the file to another owner, if this program may",
    { skip: !isRoot && "only root may give files away" },
    () => {
      using scratch = scratchDirectory();
      const handle = files.create(scratch.at("a"), { mode: 0o640, user: 65_534, group: 65_533 });
      assertEquals(handle.status().access, { mode: 0o640, user: 65_534, group: 65_533 });
      handle.close();
      const { uid, gid } = statSync(scratch.at("a"));
      assertEquals([uid, gid], [65_534, 65_533]);
    },
  );

  it("throws for an existing name, and does not touch its file", () => {
    using scratch = scratchDirectory();
    writeFileSync(scratch.at("a"), "theirs");
    assertEquals(codeOf(() => files.create(scratch.at("a"))), "EEXIST");
    assertEquals(readFileSync(scratch.at("a"), "utf8"), "theirs");
  });

  it("does not follow a link", () => {
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

describe("ensureDirectory", () => {
  it("creates parents too, with the bits that the umask leaves", () => {
    using scratch = scratchDirectory();
    withUmask(0o027, () => files.ensureDirectory(scratch.at("a/b")));
    assertEquals([modeOf(scratch.at("a")), modeOf(scratch.at("a/b"))], [0o750, 0o750]);
  });

  it("gives a directory that it creates exactly the bits asked for, and leaves others as they are", () => {
    using scratch = scratchDirectory();
    const { bun = "1.4.0" } = process.versions;
    // Before version 1.4, Bun leaves the sticky bit out.
    for (const mode of [0o700, 0o770, ...isAtLeast(bun, "1.4") ? [0o1777] : []]) {
      const path = scratch.at(mode.toString(8));
      withUmask(0o077, () => files.ensureDirectory(path, { mode }));
      assertEquals(modeOf(path), mode);
      files.ensureDirectory(path, { mode: 0o711 });
      assertEquals(modeOf(path), mode);
    }
    writeFileSync(scratch.at("file"), "");
    assertEquals(codeOf(() => files.ensureDirectory(scratch.at("file"), { mode: 0o700 })), "EEXIST");
    assertEquals(codeOf(() => files.ensureDirectory(scratch.at("no/where"), { mode: 0o700 })), "ENOENT");
  });

  it("changes nothing behind a link", () => {
    using scratch = scratchDirectory();
    mkdirSync(scratch.at("victim"), { mode: 0o700 });
    symlinkSync(scratch.at("victim"), scratch.at("link"));
    files.ensureDirectory(scratch.at("link"), { mode: 0o777 });
    assertEquals(modeOf(scratch.at("victim")), 0o700);
  });
});

describe("resolve", () => {
  const cases: Record<string, (cwd: string) => string> = {
    "x": (cwd) => `${cwd}/x`,
    "x/": (cwd) => `${cwd}/x`,
    "x/.": (cwd) => `${cwd}/x`,
    "./x/./": (cwd) => `${cwd}/x`,
    "missing/../x": (cwd) => `${cwd}/x`,
    "x//y": (cwd) => `${cwd}/x/y`,
    "x/..": (cwd) => cwd,
    ".": (cwd) => cwd,
    "": (cwd) => cwd,
    "..": (cwd) => dirname(cwd),
    "/a/./b/../c//": () => "/a/c",
    "/": () => "/",
    "//": () => "/",
    "file:///a/b%20c/": () => "/a/b c",
    "file:///a/../b": () => "/b",
    "x:y": (cwd) => `${cwd}/x:y`,
  };
  for (const [path, expected] of Object.entries(cases)) {
    it(`takes ${JSON.stringify(path)}`, () => assertEquals(files.resolve(path), expected(process.cwd())));
  }

  it("throws for a URL of another host", () => {
    assertEquals(codeOf(() => files.resolve("file://elsewhere/a")), "EINVAL");
  });
});

describe("file handle", () => {
  it("writes at the current position, and reads at any", () => {
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

  it("writes a part of a buffer", () => {
    using scratch = scratchDirectory();
    const handle = files.create(scratch.at("a"));
    assertEquals(handle.write(encode("xxabcxx").subarray(2, 5)), 3);
    const into = encode("........");
    assertEquals(handle.readAt(into.subarray(3, 5), 1), 2);
    handle.close();
    assertEquals(readFileSync(scratch.at("a"), "utf8"), "abc");
    assertEquals(new TextDecoder().decode(into), "...bc...");
  });

  it("opens an existing file, and appends to it", () => {
    using scratch = scratchDirectory();
    writeFileSync(scratch.at("a"), "theirs,");
    const handle = files.open(scratch.at("a"));
    assertEquals(handle.seekEnd(), 7);
    assertEquals(handle.write(encode("ours")), 4);
    assertEquals(handle.seekEnd(), 11);
    handle.close();
    assertEquals(readFileSync(scratch.at("a"), "utf8"), "theirs,ours");
  });

  it("writes at any position, and goes on after it", () => {
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

  it("rejects writes if opened for reading", () => {
    using scratch = scratchDirectory();
    writeFileSync(scratch.at("a"), "0123456789");
    const handle = files.open(scratch.at("a"), "read");
    assertEquals(read(handle, 2, 3), "234");
    assertEquals(codeOf(() => handle.write(encode("x"))), "EBADF");
    assertEquals(codeOf(() => handle.writeAt(encode("x"), 0)), "EBADF");
    if (files.locks) assert(handle.tryLock!());
    handle.close();
    assertEquals(readFileSync(scratch.at("a"), "utf8"), "0123456789");
    assertEquals(codeOf(() => files.open(scratch.at("b"), "read")), "ENOENT");
  });

  it("syncs to the disk, and throws if that fails", () => {
    using scratch = scratchDirectory();
    const handle = files.create(scratch.at("a"));
    handle.write(encode("x"));
    handle.sync();
    handle.close();
    // fsync(2) fails on a file that is not on a disk.
    const device = files.open("/dev/null");
    assertThrows(() => device.sync(), FileError);
    device.close();
  });

  it("writes after the bytes that were read", () => {
    using scratch = scratchDirectory();
    writeFileSync(scratch.at("a"), "0123456789");
    const handle = files.open(scratch.at("a"));
    assertEquals(read(handle, 2, 3), "234");
    handle.write(encode("x"));
    handle.close();
    assertEquals(readFileSync(scratch.at("a"), "utf8"), "01234x6789");
  });

  it("truncates the file", () => {
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

  it("counts hard links: none once the file is removed", () => {
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

  it("tells when the content was changed last, by name and by handle", () => {
    using scratch = scratchDirectory();
    const handle = files.create(scratch.at("a"));
    handle.write(encode("x"));
    const now = Date.now();
    const { modified } = handle.status();
    assert(Math.abs(now - modified) < 60_000, `${modified} is not now`);
    utimesSync(scratch.at("a"), 1_700_000_000, 1_700_000_001.5);
    assertEquals(Math.floor(files.status(scratch.at("a"))!.modified), 1_700_000_001_500);
    assertEquals(Math.floor(handle.status().modified), 1_700_000_001_500);
    handle.close();
  });

  it("throws once it is closed", () => {
    using scratch = scratchDirectory();
    const handle = files.create(scratch.at("a"));
    handle.close();
    assertThrows(() => handle.write(encode("x")), FileError);
    assertThrows(() => handle.status(), FileError);
  });
});

describe("file error has the name of errno", () => {
  it("for a missing or existing file", () => {
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

  it("for a refused write", () => {
    using scratch = scratchDirectory();
    const code = codeOf(() => files.create(`${refusingDirectory(scratch)}/kymo`));
    // The code depends on whether the file system or the mode of the directory refuses.
    assert(["EACCES", "EPERM", "EROFS"].includes(code), code);
  });

  it("for a full disk", () => {
    const handle = files.open("/dev/full");
    try {
      assertEquals(codeOf(() => handle.write(encode("x"))), "ENOSPC");
    } finally {
      handle.close();
    }
  });

  it("with the same message on every runtime, and the original error as cause", () => {
    using scratch = scratchDirectory();
    const { message, cause } = assertThrows(() => files.open(scratch.at("nothing")), FileError);
    assertEquals(message, "no such file or directory");
    assertStringIncludes((cause as Error).message, scratch.at("nothing"));
  });
});

describe("freeBytes", () => {
  it("tells as many bytes as df(1) tells to be available", { skip: isWindows && "there is no df" }, () => {
    using scratch = scratchDirectory();
    const available = (): number =>
      Number(
        execFileSync("df", ["--output=avail", "--block-size=1", scratch.path], { encoding: "utf8" }).split("\n")[1],
      );
    // Others write meanwhile.
    for (let attempt = 1;; attempt++) {
      const before = available();
      const told = files.freeBytes!(scratch.path);
      const after = available();
      const isBetween = told >= Math.min(before, after) && told <= Math.max(before, after);
      if (isBetween) break;
      assert(attempt < 100, `df: ${before} and ${after}, freeBytes: ${told}`);
    }
  });

  it("throws for what does not exist", () => {
    using scratch = scratchDirectory();
    assertEquals(codeOf(() => files.freeBytes!(scratch.at("nothing"))), "ENOENT");
  });
});
