import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { ownModules, ownModuleTest } from "../../../src/profiling/own_modules.ts";

const PACKAGES = [
  "file:///app/node_modules/@kymo/kymo/",
  "file:///app/node_modules/.deno/@kymo+kymo@1.0.0/node_modules/@kymo/kymo/",
  "file:///app/node_modules/@jsr/kymo__kymo/",
  "file:///root/.cache/deno/npm/packages.example/@kymo/kymo/1.0.0/",
  "https://packages.example/@kymo/kymo/",
  "file:///app/vendor/packages.example/@kymo/kymo/",
];

describe("ownModules", () => {
  it("are those of the package that has this one, however it was installed", () => {
    for (const directory of PACKAGES) assertEquals(ownModules(`${directory}dist/mod.js`), [directory]);
  });

  it("are the source in a checkout and on JSR, without its tests and examples", () => {
    const expected = (root: string) => [`${root}src/`, `${root}runtime_adapters/`, `${root}mod.ts`];
    for (const root of ["file:///home/me/kymo/", "https://packages.example/@kymo/kymo/1.0.0/", "/home/me/kymo/"]) {
      assertEquals(ownModules(`${root}src/profiling/own_modules.ts`), expected(root));
    }
    assertEquals(ownModules(), expected(new URL("../../../", import.meta.url).href));
  });

  it("are none where they share a file with the program", () => {
    for (const url of ["file:///app/dist/bundle.js", "https://cdn.example/app.js", ""]) {
      assertEquals(ownModules(url), []);
    }
  });
});

describe("ownModuleTest", () => {
  it("accepts modules of the package without being told, and those that it is told, as URL or path", () => {
    const isOwn = ownModuleTest([]);
    for (const directory of PACKAGES) assert(isOwn(`${directory}dist/mod.js`), directory);
    assert(isOwn("/app/node_modules/@kymo/kymo/dist/mod.js"));
    const isOwnToo = ownModuleTest(["file:///kymo/src/"]);
    assertEquals(["file:///kymo/src/a.ts", "/kymo/src/a.ts", "file:///kymo/tests/a.ts"].map(isOwnToo), [
      true,
      true,
      false,
    ]);
  });

  it("accepts nothing of the program or of other packages", () => {
    const isOwn = ownModuleTest([]);
    for (
      const url of [
        "",
        "file:///app/main.ts",
        "file:///app/kymo/main.ts",
        "file:///app/node_modules/@kymo/other/mod.js",
        "file:///app/node_modules/@mine/kymo/mod.js",
        "node:fs",
      ]
    ) assertEquals(isOwn(url), false, url);
  });
});
