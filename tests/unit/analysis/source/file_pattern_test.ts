import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { expandPattern, isPattern } from "../../../../src/analysis/source/file_pattern.ts";
import { KymoError } from "../../../../src/errors.ts";
import { FileError } from "../../../../src/runtime.ts";
import { MemoryDisk } from "../../../support/fake/memory_disk.ts";

/** A disk with files, and the directories that they are in. */
function diskWith(...paths: readonly string[]): MemoryDisk {
  const disk = new MemoryDisk();
  for (const path of paths) {
    const parts = path.split("/").slice(1);
    parts.slice(0, -1).forEach((_, i) => disk.plant(`/${parts.slice(0, i + 1).join("/")}`, "directory"));
    disk.plant(path, "file");
  }
  return disk;
}

describe("a pattern of paths", () => {
  const disk = diskWith(
    "/r/a1/duration.csv",
    "/r/a2/custom.csv",
    "/r/a2/.spools/x",
    "/r/b/c/duration.csv",
    "/r/a.c",
    "/r/[x].csv",
  );
  const cases: readonly [pattern: string, expected: readonly string[]][] = [
    ["/r/*", ["/r/[x].csv", "/r/a.c", "/r/a1", "/r/a2", "/r/b"]],
    ["/r/a?", ["/r/a1", "/r/a2"]],
    ["/r/a?/*.csv", ["/r/a1/duration.csv", "/r/a2/custom.csv"]],
    ["/r/*/duration.csv", ["/r/a1/duration.csv"]],
    ["/r/**/duration.csv", ["/r/a1/duration.csv", "/r/b/c/duration.csv"]],
    ["/r/b/**", ["/r/b/c", "/r/b/c/duration.csv"]],
    ["/r/[a-b]?", ["/r/a1", "/r/a2"]],
    ["/r/a[!1]", ["/r/a2"]],
    ["/r/[[]x].csv", ["/r/[x].csv"]],
    ["/r/a2/.s*", ["/r/a2/.spools"]],
    ["/r/a2/*", ["/r/a2/custom.csv"]],
    ["/r/[z-a]*", []],
    ["/r/a.c/*", []],
    ["/nothing/*", []],
    ["/r/*/nothing", []],
  ];
  for (const [pattern, expected] of cases) {
    it(`${pattern} matches ${expected.length === 0 ? "nothing" : expected.join(", ")}`, () => {
      assertEquals(expandPattern(disk, pattern), [...expected]);
    });
  }

  it("is told from a path by its signs", () => {
    assertEquals(["a/b.csv", "a/*", "a?", "[a]"].map(isPattern), [false, true, true, true]);
  });

  it("names a directory that cannot be read", () => {
    const refusing = diskWith("/r/a/x.csv");
    refusing.before = (operation, path) => {
      if (operation === "list" && path === "/r/a") throw new FileError("EACCES", "permission denied");
    };
    const { code, message } = assertThrows(() => expandPattern(refusing, "/r/a/*"), KymoError);
    assertEquals([code, message], ["permission-denied", 'Cannot read: "/r/a": permission denied']);
  });
});
