import { describe, it } from "node:test";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { commandOf, spawnCommand, thisRuntime } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";

const entry = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));

describe("the prompt of kymo sql at a terminal", () => {
  it("answers, keeps a history, forgets a line with Ctrl-C, and ends with Ctrl-D", async () => {
    using scratch = scratchDirectory();
    const path = scratch.at("duration.csv");
    writeFileSync(path, "Timepoint,Measurement,Label,PID\r\n1795000000000000001,0.5,work,1\r\n");
    const kymo = commandOf(thisRuntime, entry, ["sql", path]).map((word) => `'${word}'`).join(" ");
    const command = ["script", "--quiet", "--return", "--command", `stty cols 80 rows 24; ${kymo}`, "/dev/null"];
    const spawned = spawnCommand(command, { env: { TERM: "xterm", NO_COLOR: "1" } });
    const { stdin } = spawned.child;
    await spawned.said(/kymo> /);
    stdin!.write("SELECT 6 * 7 AS answer;\r");
    await spawned.said(/answer\r\n {4}42\r\n/);
    stdin!.write("half a li\x03");
    await spawned.said(/\^C\r\n/);
    stdin!.write("\x1b[A\r"); // the line before
    await spawned.said(/answer\r\n {4}42\r\n/, 2);
    stdin!.write("\x04");
    const { code, stdout } = await spawned.ended;
    assertEquals(code, 0);
    assertStringIncludes(stdout, "SQL of DuckDB");
  });
});
