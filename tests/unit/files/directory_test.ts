import { describe, it } from "node:test";
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { KymoError } from "../../../src/errors.ts";
import { FileError, readFully } from "../../../src/runtime.ts";
import { MonitoringDirectory, unless, unlessGone, writeAll } from "../../../src/files/directory.ts";
import { MemoryDisk } from "../../support/fake/memory_disk.ts";

describe("MonitoringDirectory", () => {
  it("is created if it does not exist, and left as it is otherwise", () => {
    const disk = new MemoryDisk();
    const directory = MonitoringDirectory.create(disk, "_monitoring");
    assertEquals([directory.path, disk.paths()], ["/_monitoring", ["/_monitoring"]]);
    disk.plant("/_monitoring/mine.txt", "file", "text");
    MonitoringDirectory.create(disk, "/_monitoring");
    assertEquals([disk.paths(), disk.openHandles], [["/_monitoring", "/_monitoring/mine.txt"], 0]);
  });

  const failures: Record<string, (disk: MemoryDisk) => void> = {
    "it is a file": (disk) => disk.plant("/_monitoring", "file"),
    "it is a link": (disk) => disk.plant("/_monitoring", "symlink", "/nowhere"),
    "permission is missing": (disk) => disk.missingPermission = "needs --allow-write",
    "it cannot be created": (disk) => disk.before = fail("ensureDirectory"),
    "no file can be created in it": (disk) => disk.before = fail("create"),
    "no file can be removed from it": (disk) => disk.before = fail("remove"),
  };
  for (const [why, prepare] of Object.entries(failures)) {
    it(`throws a KymoError if ${why}`, () => {
      const disk = new MemoryDisk();
      prepare(disk);
      const error = assertThrows(() => MonitoringDirectory.create(disk, "/_monitoring"), KymoError);
      assertMatch(error.message, /^Cannot create the monitoring directory: "\/_monitoring": .+/);
      assertEquals(disk.openHandles, 0);
    });
  }

  it("throws a KymoError if the working directory is gone", () => {
    const disk = new MemoryDisk();
    disk.resolve = () => {
      throw new FileError("ENOENT", "no working directory");
    };
    const error = assertThrows(() => MonitoringDirectory.create(disk, "_monitoring"), KymoError);
    assertEquals(error.code, "not-found");
    assertMatch(error.message, /^Cannot create the monitoring directory: "_monitoring": no working directory/);
  });

  it("performs no operation without permission", () => {
    const disk = new MemoryDisk();
    disk.missingPermission = "needs --allow-write";
    const error = assertThrows(() => MonitoringDirectory.create(disk, "/_monitoring"), KymoError);
    assertEquals(error.code, "permission-denied");
    assertEquals(disk.operations, 0);
  });

  it("has all paths inside itself, and temporary ones that no reader of *.csv takes", () => {
    const directory = MonitoringDirectory.create(new MemoryDisk(), "/a/b");
    assertEquals(directory.pathOf("x.csv"), "/a/b/x.csv");
    assertMatch(directory.temporaryPathOf("x.csv"), /^\/a\/b\/\.x\.csv.*(?<!\.csv)$/);
  });
});

describe("readFully", () => {
  it("goes on after short reads, up to the end of the file", () => {
    const disk = new MemoryDisk();
    disk.plant("/x", "file", "abcdef");
    const handle = disk.open("/x", "read");
    const slow = { ...handle, readAt: (into: Uint8Array, at: number) => handle.readAt(into.subarray(0, 1), at) };
    const bytes = new Uint8Array(4);
    assertEquals([readFully(slow, bytes, 1), new TextDecoder().decode(bytes)], [4, "bcde"]);
    assertEquals([readFully(slow, bytes, 4), readFully(slow, bytes, 6)], [2, 0]);
  });
});

describe("unless", () => {
  it("returns undefined for one error code, and throws all others on", () => {
    const throwing = (code: string) => (): number => {
      throw new FileError(code, code);
    };
    assertEquals([unless("EEXIST", () => 1), unless("EEXIST", throwing("EEXIST"))], [1, undefined]);
    assertEquals(unlessGone(throwing("ENOENT")), undefined);
    assertThrows(() => unless("EEXIST", throwing("ENOENT")), FileError, "ENOENT");
    assertThrows(() => unlessGone(throwing("EACCES")), FileError, "EACCES");
  });
});

describe("writeAll", () => {
  it("goes on after short writes, and gives up when nothing is taken", () => {
    const taken: number[] = [];
    const slow = { write: (bytes: Uint8Array) => (taken.push(bytes[0]!), 1) };
    writeAll(slow, new Uint8Array([1, 2, 3]));
    assertEquals(taken, [1, 2, 3]);
    assertThrows(() => writeAll({ write: () => 0 }, new Uint8Array(1)), FileError);
    writeAll({ write: () => 0 }, new Uint8Array(0));
  });
});

function fail(failing: string): (operation: string) => void {
  return (operation) => {
    if (operation === failing) throw new FileError("EACCES", "permission denied");
  };
}
