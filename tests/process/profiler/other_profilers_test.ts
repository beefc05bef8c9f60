import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { callTree, functionTimes } from "../../../src/analysis/profile/call_tree.ts";
import { readProfile } from "../../../src/analysis/profile/profile_files.ts";
import { defaultRuntime } from "../../../src/default_runtime.ts";
import { commandOf, spawnCommand } from "../../support/process/run.ts";
import { scratchDirectory } from "../../support/scratch_directory.ts";

const fixture = fileURLToPath(new URL("./fixtures/sleeping.ts", import.meta.url));

describe("a profile that Bun's --cpu-prof took", () => {
  it("has the time of a sleep as idle, not as a function's, and says that this is assumed", async () => {
    using scratch = scratchDirectory();
    const [bun = "", ...rest] = commandOf("bun", fixture);
    const flags = ["--cpu-prof", "--cpu-prof-name=bun.cpuprofile", `--cpu-prof-dir=${scratch.path}`];
    const { code, stderr } = await spawnCommand([bun, ...flags, ...rest], { cwd: scratch.path }).ended;
    assertEquals({ code, stderr }, { code: 0, stderr: "" });

    const { profile } = readProfile(scratch.at("bun.cpuprofile"), defaultRuntime().files);
    const times = functionTimes(callTree([profile]));
    const idle = times.find(({ function: { kind } }) => kind === "idle")?.self ?? 0;
    assert(idle > 1.8, `${idle} s idle`); // all of the sleep but an interval, and what a timer is early
    const most = Math.max(...times.filter(({ function: { kind } }) => kind !== "idle").map(({ self }) => self));
    assert(most < idle, `${most} s in one function`);
    assert(profile.assumed.some((clause) => clause.startsWith("its profiler records no idle time")));
  });
});
