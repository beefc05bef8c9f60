import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { detect } from "../../runtime_adapters/detect.ts";
import { spawnOn, thisRuntime } from "../support/process/run.ts";

const { timers } = detect(globalThis);

describe("timers", () => {
  it("call a task repeatedly until they are cancelled", async () => {
    let calls = 0;
    const cancel = timers.every(5, () => calls++);
    while (calls < 3) await timers.sleep(5);
    cancel();
    const then = calls;
    await timers.sleep(50);
    assertEquals(calls, then);
    cancel();
  });

  it("call a task once, unless they are cancelled", async () => {
    let calls = 0;
    timers.after(5, () => calls++);
    timers.after(5, () => calls += 100)();
    while (calls < 1) await timers.sleep(5);
    await timers.sleep(50);
    assertEquals(calls, 1);
  });

  it("sleep for the given ms", async () => {
    const start = performance.now();
    await timers.sleep(50);
    const slept = performance.now() - start;
    assert(slept > 45, `${slept} ms`);
  });

  for (
    const [name, args] of Object.entries({ "keep no program alive": [], "keep it alive while it sleeps": ["sleep"] })
  ) {
    it(name, async () => {
      const fixture = fileURLToPath(new URL("./fixtures/timers_alone.ts", import.meta.url));
      const { code, stdout, stderr } = await spawnOn(thisRuntime, fixture, args).ended;
      assertEquals({ code, stdout, stderr }, { code: 0, stdout: "done\n", stderr: "" });
    });
  }
});
