import { describe, it } from "node:test";
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import process from "node:process";
import { detect } from "../../runtime_adapters/detect.ts";
import { FileError } from "../../src/runtime.ts";
import { scratchDirectory } from "../support/scratch_directory.ts";

const { files } = detect(globalThis);

describe("status of a name", () => {
  it("distinguishes files, directories, links and devices, and follows no link", () => {
    using scratch = scratchDirectory();
    writeFileSync(scratch.at("file"), "12345");
    mkdirSync(scratch.at("directory"));
    symlinkSync("file", scratch.at("link"));
    symlinkSync("nothing", scratch.at("dangling"));
    const kindOf = (path: string) => files.status(path)?.kind;
    assertEquals(kindOf(scratch.at("file")), "file");
    assertEquals(kindOf(scratch.at("directory")), "directory");
    assertEquals(kindOf(scratch.at("link")), "symlink");
    assertEquals(kindOf(scratch.at("dangling")), "symlink");
    assertEquals(kindOf("/dev/null"), "other");
    const { size, links } = files.status(scratch.at("file"))!;
    assertEquals({ size, links }, { size: 5, links: 1 });
  });

  it("is that of what a link leads to only by its real path", () => {
    using scratch = scratchDirectory();
    writeFileSync(scratch.at("file"), "12345");
    symlinkSync("file", scratch.at("link"));
    symlinkSync("link", scratch.at("link to a link"));
    symlinkSync("nothing", scratch.at("dangling"));
    symlinkSync("circle", scratch.at("circle"));
    const file = realpathSync(scratch.at("file"));
    for (const name of ["file", "link", "link to a link"]) assertEquals(files.realPath(scratch.at(name)), file);
    for (const name of ["dangling", "nothing"]) assertEquals(files.realPath(scratch.at(name)), undefined);
    assertEquals(assertThrows(() => files.realPath(scratch.at("circle")), FileError).code, "ELOOP");
  });

  it("is undefined for a missing name", () => {
    using scratch = scratchDirectory();
    writeFileSync(scratch.at("file"), "");
    assertEquals(files.status(scratch.at("nothing")), undefined);
    assertEquals(files.status(scratch.at("no/where")), undefined);
    assertEquals(files.status(scratch.at("file/below")), undefined);
  });

  it("identifies a file by any of its names, and without one", () => {
    using scratch = scratchDirectory();
    const handle = files.create(scratch.at("a"));
    const { identity } = handle.status();
    assertEquals(files.status(scratch.at("a"))?.identity, identity);
    linkSync(scratch.at("a"), scratch.at("b"));
    assertEquals(files.status(scratch.at("b"))?.identity, identity);
    files.rename(scratch.at("a"), scratch.at("c"));
    assertEquals(files.status(scratch.at("c"))?.identity, identity);
    unlinkSync(scratch.at("b"));
    unlinkSync(scratch.at("c"));
    writeFileSync(scratch.at("a"), "");
    assertEquals(handle.status().identity, identity);
    assertNotEquals(files.status(scratch.at("a"))?.identity, identity);
    handle.close();
  });
});

describe("file name", () => {
  it("is changed atomically, and replaces the file with the new name", () => {
    using scratch = scratchDirectory();
    writeFileSync(scratch.at("from"), "new");
    writeFileSync(scratch.at("to"), "old");
    files.rename(scratch.at("from"), scratch.at("to"));
    assertEquals(readFileSync(scratch.at("to"), "utf8"), "new");
    assertEquals(files.status(scratch.at("from")), undefined);
  });

  it("of a link is renamed, not that of its target", () => {
    using scratch = scratchDirectory();
    writeFileSync(scratch.at("victim"), "theirs");
    symlinkSync("victim", scratch.at("link"));
    writeFileSync(scratch.at("ours"), "ours");
    files.rename(scratch.at("ours"), scratch.at("link"));
    assertEquals(readFileSync(scratch.at("victim"), "utf8"), "theirs");
    assertEquals(files.status(scratch.at("link"))?.kind, "file");
  });

  it("is added to a file unless it is taken", () => {
    using scratch = scratchDirectory();
    writeFileSync(scratch.at("a"), "ours");
    writeFileSync(scratch.at("b"), "theirs");
    symlinkSync(scratch.at("nothing"), scratch.at("dangling"));
    files.link(scratch.at("a"), scratch.at("c"));
    assertEquals(files.status(scratch.at("c")), files.status(scratch.at("a")));
    assertEquals(files.status(scratch.at("a"))?.links, 2);
    assertEquals(assertThrows(() => files.link(scratch.at("a"), scratch.at("b")), FileError).code, "EEXIST");
    assertEquals(assertThrows(() => files.link(scratch.at("a"), scratch.at("dangling")), FileError).code, "EEXIST");
    assertEquals(assertThrows(() => files.link(scratch.at("d"), scratch.at("e")), FileError).code, "ENOENT");
    assertEquals(readFileSync(scratch.at("b"), "utf8"), "theirs");
    assert(!existsSync(scratch.at("nothing")));
    files.remove(scratch.at("a"));
    assertEquals(readFileSync(scratch.at("c"), "utf8"), "ours");
  });

  it("of a link is removed, not that of its target", () => {
    using scratch = scratchDirectory();
    writeFileSync(scratch.at("victim"), "theirs");
    symlinkSync("victim", scratch.at("link"));
    files.remove(scratch.at("link"));
    assertThrows(() => readlinkSync(scratch.at("link")));
    assertEquals(readFileSync(scratch.at("victim"), "utf8"), "theirs");
  });

  it("is made absolute", () => {
    assertEquals(files.resolve("some/where"), `${process.cwd()}/some/where`);
    assertEquals(files.resolve("/some/where"), "/some/where");
  });
});

describe("directory", () => {
  it("is created with its parents, and kept if it exists", () => {
    using scratch = scratchDirectory();
    files.ensureDirectory(scratch.at("a/b/c"));
    files.ensureDirectory(scratch.at("a/b/c"));
    assertEquals(files.status(scratch.at("a/b/c"))?.kind, "directory");
  });

  it("may be a link", () => {
    using scratch = scratchDirectory();
    mkdirSync(scratch.at("real"));
    symlinkSync("real", scratch.at("link"));
    files.ensureDirectory(scratch.at("link"));
    files.create(scratch.at("link/a")).close();
    assertEquals(files.status(scratch.at("real/a"))?.kind, "file");
  });

  it("is not denied by permissions of the runtime", () => {
    using scratch = scratchDirectory();
    assertEquals(files.denied(scratch.path), undefined);
  });
});
