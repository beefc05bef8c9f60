import { describe, it } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { mkdirSync, readdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { RecorderController } from "../../support/process/recorder_controller.ts";
import { thisRuntime } from "../../support/process/run.ts";
import { readNumbers } from "../../support/process/recorded_numbers.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";

const FORMS: Readonly<Record<string, string>> = {
  "new1/.": "new1",
  "./new2/./": "new2",
  "new3/": "new3",
  "missing/../new4": "new4",
  "new5//sub": "new5/sub",
  ".": ".",
  "../beside": "../beside",
};

describe("monitoringDir", () => {
  it("may be any form of a path, or a file: URL, and status() tells the plain one", async () => {
    using scratch = scratchDirectory();
    const cwd = join(realpathSync(scratch.path), "cwd");
    mkdirSync(cwd);
    const recorder = new RecorderController(thisRuntime);
    await recorder.send("chdir", cwd);
    const forms = { ...FORMS, [`${cwd}/a/../new6/`]: "new6", [pathToFileURL(join(cwd, "new 7/")).href]: "new 7" };
    for (const [form, expected] of Object.entries(forms)) {
      const { thrown, monitoringDir } = await recorder.send("start", { monitoringDir: form });
      const path = join(cwd, expected);
      assertEquals([form, thrown, monitoringDir], [form, undefined, path]);
      await recorder.send("number", 1);
      await recorder.send("stop");
      assertEquals([form, readNumbers(path).length], [form, 1]);
    }
    assertEquals(readdirSync(cwd).filter((name) => !/^(custom|program)\./.test(name)).sort(), [
      ...["new 7", "new1", "new2", "new3", "new4", "new5", "new6"],
    ]);
    const { thrown } = await recorder.send("start", { monitoringDir: "file://elsewhere/x" });
    assertMatch(thrown!.message, /^Cannot start: monitoringDir must be a file: URL of this host/);
    await recorder.end();
  });
});
