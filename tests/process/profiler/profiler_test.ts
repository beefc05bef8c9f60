import { execFile } from "node:child_process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { assertEquals } from "@std/assert";
import { onlyOn, RUNTIMES } from "../../support/process/run.ts";

const fixtures = new URL("./fixtures/", import.meta.url);

/**
 * Output of a program. Rejects if its exit code is not 0, or if it does not exit within a minute.
 */
async function run(...words: readonly string[]): Promise<string> {
  const [command, ...rest] = words;
  const { stdout, stderr } = await promisify(execFile)(command!, rest, { timeout: 60_000 });
  assertEquals(stderr, "");
  return stdout.trim();
}

function fixture(name: string): string {
  return fileURLToPath(new URL(name, fixtures));
}

for (const runtime of RUNTIMES) {
  const command = runtime === "deno" ? ["deno", "run", "--quiet", "--no-config", "--allow-all"] : [runtime];
  describe(`profiler on ${runtime}`, () => {
    it("samples only the functions of its own isolate", { skip: onlyOn(runtime) }, async () => {
      const { main, worker } = JSON.parse(await run(...command, fixture("isolates.ts")));
      assertEquals(main.toSorted(), ["work", "workOfMain"]);
      assertEquals(worker.toSorted(), ["work", "workOfWorker"]);
    });

    it("does not keep the program alive", { skip: onlyOn(runtime) }, async () => {
      assertEquals(await run(...command, fixture("unfinished.ts")), "worked");
    });
  });
}

describe("profiler under the permissions of Deno", () => {
  const positions = (...permissions: readonly string[]) =>
    run("deno", "run", "--quiet", "--no-config", "--no-prompt", ...permissions, fixture("positions.ts"));

  it("is unavailable without --allow-sys, with that reason", { skip: onlyOn("deno") }, async () => {
    assertEquals(await positions(), "needs --allow-sys");
    assertEquals(await positions("--allow-sys=hostname"), "needs --allow-sys");
  });

  it("maps positions to the sources without permission to read them", { skip: onlyOn("deno") }, async () => {
    assertEquals(await positions("--allow-sys"), "here at line 14");
    assertEquals(await positions("--allow-sys", "--allow-read"), "here at line 14");
  });
});
