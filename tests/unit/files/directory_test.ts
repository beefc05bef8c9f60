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

  for (
    const [mode, expected] of [[0o755, 0o755], [0o700, 0o700], [0o2775, 0o2775], [0o777, 0o1777], [
      0o1777,
      0o1777,
    ]] as const
  ) {
    it(`lets make spools who may write to it: ${mode.toString(8)}`, () => {
      const disk = new MemoryDisk();
      disk.plant("/_monitoring", "directory");
      disk.permit("/_monitoring", { mode, user: 7, group: 8 });
      MonitoringDirectory.create(disk, "/_monitoring", { spools: true });
      assertEquals(disk.status("/_monitoring/.spools")?.access, { mode: expected, user: 7, group: 8 });

      disk.permit("/_monitoring", { mode: 0o711 });
      MonitoringDirectory.create(disk, "/_monitoring", { spools: true });
      assertEquals(disk.status("/_monitoring/.spools")?.access.mode, expected);
    });
  }

  it("takes the bits for spools from where a link leads", () => {
    const disk = new MemoryDisk();
    disk.plant("/there", "directory");
    disk.permit("/there", { mode: 0o770 });
    disk.plant("/_monitoring", "symlink", "/there");
    const { ensureDirectory } = disk;
    disk.ensureDirectory = (path, access) =>
      path === "/_monitoring" ? undefined : ensureDirectory.call(disk, path, access);
    MonitoringDirectory.create(disk, "/_monitoring", { spools: true });
    assertEquals(disk.status("/_monitoring/.spools")?.access.mode, 0o770);
  });

  it("creates files with the bits asked for", () => {
    const disk = new MemoryDisk();
    for (const [fileMode, expected] of [[undefined, 0o600], [0o640, 0o640]] as const) {
      const directory = MonitoringDirectory.create(disk, "/_monitoring", fileMode === undefined ? {} : { fileMode });
      const path = directory.pathOf(String(fileMode));
      directory.createFile(path).close();
      assertEquals(disk.status(path)?.access.mode, expected);
    }
  });

  describe("that is gone", () => {
    /** A directory at `/a/b/c` of which `device` tells where each path is; it was on device 2. */
    function gone(device: (path: string) => string | undefined) {
      const disk = new MemoryDisk();
      let places: typeof device = () => "2";
      const { status } = disk;
      disk.plant("/", "directory");
      disk.status = (path) => {
        const found = status.call(disk, path);
        return found && { ...found, device: places(path) ?? "1" };
      };
      for (const path of ["/a", "/a/b", "/a/b/c"]) disk.plant(path, "directory");
      const directory = MonitoringDirectory.create(disk, "/a/b/c");
      places = device;
      return { disk, directory };
    }

    it("is created again on its volume", () => {
      const { disk, directory } = gone((path) => path.startsWith("/a") ? "2" : "1");
      disk.removeTree("/a/b");
      disk.plant("/a/b", "directory");
      directory.ensure();
      assertEquals(disk.status("/a/b/c")?.kind, "directory");
    });

    it("is not created below the mount point of a volume that is not mounted", () => {
      for (const lost of ["/a/b/c", "/a/b"]) {
        const { disk, directory } = gone(() => "1");
        disk.removeTree(lost);
        assertThrows(() => directory.ensure(), FileError, "the volume that it was on is not mounted");
        assertEquals(disk.status(lost), undefined);
        disk.plant("/a/b", "directory");
        disk.plant("/a/b/c", "directory");
        directory.ensure(); // it is back
      }
    });

    it("is created on another volume that was mounted in place of its own", () => {
      const { disk, directory } = gone((path) => path === "/a/b" ? "3" : "1");
      disk.removeTree("/a/b/c");
      directory.ensure();
      assertEquals(disk.status("/a/b/c")?.kind, "directory");
    });

    it("is created where this program may not look at what is above it", () => {
      const { disk, directory } = gone(() => "1");
      disk.removeTree("/a/b/c");
      disk.denied = ((path: string) => path === "/a/b/c" ? undefined : "needs --allow-read") as typeof disk.denied;
      directory.ensure();
      assertEquals(disk.status("/a/b/c")?.kind, "directory");
    });
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
