import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { spawnOn, thisRuntime } from "../../support/process/run.ts";

const analyst = fileURLToPath(new URL("./fixtures/spilling_analysis.ts", import.meta.url));

describe("spill directory of an analysis", () => {
  for (const how of ["exit", "end", "SIGINT", "SIGTERM"] as const) {
    it(`is private, and is removed when the program ends by ${how}`, async () => {
      const isSignal = how === "SIGINT" || how === "SIGTERM";
      const spawned = spawnOn(thisRuntime, analyst, [isSignal ? "wait" : how]);
      if (isSignal) {
        await spawned.said(/\n/);
        spawned.kill(how);
      }
      const { code, signal, stdout } = await spawned.ended;
      const [place = "", mode] = stdout.trim().split(" ");
      assertEquals(mode, "700");
      assertEquals([code, signal], isSignal ? [null, how] : [0, null]);
      assertEquals(existsSync(place), false, place);
    });
  }

  it("is removed by the next program if its own was killed, and not while that lives", async () => {
    const killed = spawnOn(thisRuntime, analyst, ["wait"]);
    await killed.said(/\n/);
    await spawnOn(thisRuntime, analyst, ["end"]).ended;
    killed.kill("SIGKILL");
    const [place = ""] = (await killed.ended).stdout.split(" ");
    assertEquals(readdirSync(place).includes("lock"), true);
    await spawnOn(thisRuntime, analyst, ["end"]).ended;
    assertEquals(existsSync(place), false, place);
  });
});
