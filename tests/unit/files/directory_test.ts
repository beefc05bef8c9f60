import { describe, it } from "node:test";
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { KymoError } from "../../../src/errors.ts";
import { FileError } from "../../../src/runtime.ts";
import { checkChannelName, MonitoringDirectory, uniquePart, writeAll } from "../../../src/files/directory.ts";
import { MemoryDisk } from "../../support/fake/memory_disk.ts";

describe("checkChannelName", () => {
  it("takes letters, digits, underscore and hyphen", () => {
    for (const channel of ["a", "A", "0", "queue", "my-queue_2", "x".repeat(64), "CON-1"]) {
      checkChannelName("Cannot", channel);
    }
  });

  const outsiders = ["../x", "..", ".", "/abs", "a/b", "a\\b", "C:", ".hidden", "~", "$HOME", "%2e%2e"];
  const shapeless = [
    "",
    " ",
    "a b",
    "a.csv",
    "-x",
    "_x",
    "x".repeat(65),
    "x".repeat(300),
    "é",
    "a\0",
    "a\n",
    "\na",
    "a,b",
    "*",
  ];
  const noTexts = [undefined, null, 1, ["a"], { toString: () => "a" }, new String("a"), Symbol("a")];
  for (const channel of [...outsiders, ...shapeless, ...noTexts]) {
    it(`refuses ${String(channel).slice(0, 20)} (${typeof channel})`, () => {
      const error = assertThrows(() => checkChannelName("Cannot make the buffer", channel), KymoError);
      assertMatch(error.message, /^Cannot make the buffer: a channel name is 1 to 64 letters.*: .+$/s);
    });
  }
});

describe("uniquePart", () => {
  it("bears PID, isolate and sequence, and sorts in order", () => {
    const names = [1, 2, 10, 99_999, 999_999].map((sequence) => uniquePart(42, "0badcafe", sequence));
    assertEquals(names[0], "42-0badcafe-000001");
    assertEquals(names.toSorted(), names);
  });
});

describe("MonitoringDirectory", () => {
  it("is made if it is not there, and left as it is otherwise", () => {
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
    "it cannot be made": (disk) => disk.before = fail("ensureDirectory"),
    "no file can be made in it": (disk) => disk.before = fail("create"),
    "no file can be removed from it": (disk) => disk.before = fail("remove"),
  };
  for (const [why, prepare] of Object.entries(failures)) {
    it(`cannot be had if ${why}, and the error says so`, () => {
      const disk = new MemoryDisk();
      prepare(disk);
      const error = assertThrows(() => MonitoringDirectory.create(disk, "/_monitoring"), KymoError);
      assertMatch(error.message, /^Cannot create the monitoring directory: "\/_monitoring": .+/);
      assertEquals(disk.openHandles, 0);
    });
  }

  it("cannot be had if the working directory is gone, and the error says so", () => {
    const disk = new MemoryDisk();
    disk.resolve = () => {
      throw new FileError("ENOENT", "no working directory");
    };
    const error = assertThrows(() => MonitoringDirectory.create(disk, "_monitoring"), KymoError);
    assertMatch(error.message, /^Cannot create the monitoring directory: "_monitoring": no working directory/);
  });

  it("asks for nothing without permission", () => {
    const disk = new MemoryDisk();
    disk.missingPermission = "needs --allow-write";
    assertThrows(() => MonitoringDirectory.create(disk, "/_monitoring"), KymoError);
    assertEquals(disk.operations, 0);
  });

  it("names files inside itself, unfinished ones so that no reader of *.csv takes them", () => {
    const directory = MonitoringDirectory.create(new MemoryDisk(), "/a/b");
    assertEquals(directory.pathOf("x.csv"), "/a/b/x.csv");
    assertMatch(directory.temporaryPathOf("x.csv"), /^\/a\/b\/\.x\.csv.*(?<!\.csv)$/);
  });
});

describe("writeAll", () => {
  it("writes on after short writes, and gives up when nothing is taken", () => {
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
