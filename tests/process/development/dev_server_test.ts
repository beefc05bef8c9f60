import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { countByLabel } from "../../support/process/recorded_rows.ts";
import { spawnOn, thisRuntime } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";

describe("Vite's development server", () => {
  it("evaluates the entry again and again, and all of that is one recording", async () => {
    using scratch = scratchDirectory();
    const fixture = fileURLToPath(new URL("./fixtures/vite_server.ts", import.meta.url));
    const { code, stdout, stderr } = await spawnOn(thisRuntime, fixture, [], { env: { DIR: scratch.path } }).ended;
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const isolates = JSON.parse(stdout);
    assertEquals(isolates, [isolates[0], isolates[0], isolates[0]]);
    assertEquals(countByLabel(scratch.path, "custom"), { evaluated: 3 });
  });
});
