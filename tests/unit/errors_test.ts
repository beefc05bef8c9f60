import { describe, it } from "node:test";
import { assertEquals, assertNotStrictEquals } from "@std/assert";
import { copyFileSync } from "node:fs";
import { fileError, fileErrorCode, KymoError } from "../../src/errors.ts";
import { FileError } from "../../src/runtime.ts";
import { scratchDirectory } from "../support/scratch_directory.ts";

describe("fileErrorCode", () => {
  const codes: Readonly<Record<string, readonly string[]>> = {
    "not-found": ["ENOENT"],
    "already-exists": ["EEXIST"],
    "permission-denied": ["DENIED", "EACCES", "EPERM"],
    "invalid-data": ["EFTYPE"],
    "unsupported": ["ENODEV", "ENOLCK", "ENOSYS", "ENOTSUP", "EOPNOTSUPP"],
    "io": ["EIO", "ENOSPC", "UNKNOWN", "toString"],
  };
  for (const [code, errnos] of Object.entries(codes)) {
    it(`is "${code}" for ${errnos.join(", ")}`, () => {
      assertEquals(errnos.map((errno) => fileErrorCode(new FileError(errno, ""))), errnos.map(() => code));
    });
  }

  it("is that of a KymoError, and io for anything else", () => {
    assertEquals(fileErrorCode(new KymoError("query-failed", "")), "query-failed");
    assertEquals([new Error("x"), "x", undefined, { code: 5 }].map(fileErrorCode), ["io", "io", "io", "io"]);
  });
});

describe("KymoError", () => {
  it("has its name in its stack, which is what many loggers print", () => {
    const { name, stack, constructor } = new KymoError("io", "Cannot read: x: y");
    assertEquals([name, constructor.name, stack?.split("\n")[0]], [
      "KymoError",
      "KymoError",
      "KymoError: Cannot read: x: y",
    ]);
  });
});

describe("fileError", () => {
  it("says action, path and reason, and has the cause", () => {
    const cause = new FileError("ENOENT", "no such file or directory");
    const { code, message, cause: kept } = fileError("Cannot read", "a.csv", cause);
    assertEquals([code, message, kept], ["not-found", 'Cannot read: "a.csv": no such file or directory', cause]);
  });

  it("is recognized whichever copy of the package made it", async () => {
    using scratch = scratchDirectory();
    copyFileSync(new URL("../../src/errors.ts", import.meta.url), scratch.at("errors.ts"));
    const copy: { readonly KymoError: typeof KymoError } = await import(scratch.at("errors.ts"));
    assertNotStrictEquals(copy.KymoError, KymoError);
    const theirs = new copy.KymoError("io", "x");
    assertEquals([theirs instanceof KymoError, new KymoError("io", "x") instanceof copy.KymoError], [true, true]);
    assertEquals([new Error("x") instanceof KymoError, { code: "io" } instanceof KymoError], [false, false]);
    assertEquals(Object.keys(theirs).sort(), ["code", "name"]);
  });
});
