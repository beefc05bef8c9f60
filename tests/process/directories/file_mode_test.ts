import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { RecorderController } from "../../support/process/recorder_controller.ts";
import { thisRuntime } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";

/** Names and permission bits of the files in a directory, without what differs between recordings. */
function modesIn(directory: string): Record<string, number> {
  return Object.fromEntries(
    readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isFile()).map(({ name }) =>
      [name.replace(/\d+-[0-9a-f]{8}/, "*"), statSync(join(directory, name)).mode & 0o7777] as const
    ),
  );
}

describe("fileMode", () => {
  for (const umask of ["000", "077"]) {
    for (const [fileMode, layout] of [[undefined, "segments"], [0o640, "segments"], [0o664, "append"]] as const) {
      const expected = fileMode ?? 0o600;
      it(`gives each file of layout ${layout} the bits ${expected.toString(8)} under umask ${umask}`, async () => {
        using scratch = scratchDirectory();
        const directory = scratch.at("monitoring");
        const recorder = new RecorderController(thisRuntime, ["sh", "-c", `umask ${umask}; exec "$@"`, "sh"]);
        await recorder.send("start", { monitoringDir: directory, fileMode, layout, withProfiler: true });
        await recorder.send("number", 10);
        const spools = modesIn(join(directory, ".spools"));
        assertEquals(Object.keys(spools).sort(), ["custom.*.1.spool", "duration.*.1.spool"]);
        assertEquals(new Set(Object.values(spools)), new Set([expected]));
        const { errors } = await recorder.send("stop");
        assertEquals(errors, 0);
        const files = modesIn(directory);
        const custom = layout === "append" ? "custom.csv" : "custom.*-000001.csv";
        for (const name of [custom, "profiler.*-000001.cpuprofile", "program.*.json"]) {
          assert(Object.hasOwn(files, name), `${name} in ${Object.keys(files)}`);
        }
        assertEquals(new Set(Object.values(files)), new Set([expected]));
        await recorder.end();
      });
    }
  }
});
