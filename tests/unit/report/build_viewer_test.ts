import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { buildViewer } from "../../../tools/build_viewer.ts";

const tree = fileURLToPath(new URL("../../../", import.meta.url));

describe("the bundle of the report's page", () => {
  let root = "";
  const bundle = (): string => `${root}/src/report/viewer_bundle.ts`;
  before(async () => {
    root = mkdtempSync(`${tmpdir()}/kymo-bundle-`);
    cpSync(`${tree}src`, `${root}/src`, { recursive: true });
    symlinkSync(`${tree}node_modules`, `${root}/node_modules`);
    rmSync(bundle(), { force: true });
    assert(await buildViewer(root));
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  it("is left alone while its inputs are unchanged", async () => {
    const { ino, mtimeMs } = statSync(bundle());
    assertEquals(await buildViewer(root), false);
    assertEquals([statSync(bundle()).ino, statSync(bundle()).mtimeMs], [ino, mtimeMs]);
  });

  for (const input of ["src/display/sanitize.ts", "src/report/viewer/main.ts", "src/report/viewer/ui/dom.ts"]) {
    it(`is built again when ${input} changes`, async () => {
      appendFileSync(`${root}/${input}`, `\nconsole.log("changed ${input}");\n`);
      assert(await buildViewer(root));
      assertStringIncludes(readFileSync(bundle(), "utf8"), `changed ${input}`);
    });
  }

  it("is built again when a style sheet changes", async () => {
    appendFileSync(`${root}/src/report/viewer/style/page.css`, "\n.changed { top: 0 }\n");
    assert(await buildViewer(root));
    assertStringIncludes(readFileSync(bundle(), "utf8"), ".changed { top: 0 }");
  });
});
