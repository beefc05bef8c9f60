import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { LiveView } from "../../../../src/analysis/live/live_view.ts";
import type { LiveProcess } from "../../../../src/analysis/live/live_processes.ts";
import { SwitchState } from "../../../../src/analysis/programs/switch_state.ts";
import { createMonitor, type Monitor } from "../../../../src/recording/monitor.ts";
import type { StartOptions } from "../../../../src/recording/options.ts";
import { FakeRuntime } from "../../../support/fake/runtime.ts";

const DIRECTORY = "/_monitoring";

function started(runtime: FakeRuntime, options: StartOptions = {}): Monitor {
  const monitor = createMonitor(() => runtime);
  monitor.start({ flushInterval: 0, ...options });
  return monitor;
}

/** Ends an interval of a second, and returns its only process. */
function onlyProcess(view: LiveView, runtime: FakeRuntime): LiveProcess {
  runtime.timers.advance(1_000);
  const { processes } = view.endInterval();
  assertEquals(processes.length, 1);
  return processes[0]!;
}

/** Ms since 1970 now. */
const now = ({ clock }: FakeRuntime): number => Number(clock.epoch() / 1_000_000n);

describe("a program whose recording is switched off, in a live view", () => {
  for (const layout of ["segments", "append"] as const) {
    it(`is off, with since when, and runs again when it is switched on: layout ${layout}`, async () => {
      const runtime = new FakeRuntime();
      const monitor = started(runtime, { layout });
      const view = new LiveView(runtime, DIRECTORY);
      monitor.observe("size", 1);
      assertEquals(onlyProcess(view, runtime).state, "running");
      const since = now(runtime);
      monitor.pause();
      for (let i = 0; i < 100; i++) {
        monitor.observe("size", 1);
        const { state, off } = onlyProcess(view, runtime);
        assertEquals([state, off?.since], ["off", since]);
      }
      monitor.resume();
      monitor.observe("size", 1);
      const { state, off } = onlyProcess(view, runtime);
      assertEquals([state, off], ["running", undefined]);
      await monitor.stop();
    });

    it(`is known to be off though it was before the view began, and published that: layout ${layout}`, async () => {
      const runtime = new FakeRuntime();
      const monitor = started(runtime, { layout });
      monitor.observe("size", 1);
      const since = now(runtime);
      monitor.pause();
      await monitor.flush();
      runtime.timers.advance(600_000);
      const view = new LiveView(runtime, DIRECTORY);
      const { state, off } = onlyProcess(view, runtime);
      assertEquals([state, off?.since], ["off", since]);
      await monitor.stop();
    });
  }

  for (const layout of ["segments", "append"] as const) {
    it(`is known to be off though the row that says so was compacted: layout ${layout}`, async () => {
      const runtime = new FakeRuntime();
      const monitor = started(runtime, { layout });
      monitor.observe("size", 1);
      await monitor.flush();
      const since = now(runtime);
      monitor.pause();
      await monitor.flush();
      runtime.timers.advance(600_000);
      for (const path of runtime.files.paths()) if (path.endsWith(".csv")) runtime.files.remove(path);
      const view = new LiveView(runtime, DIRECTORY);
      for (let i = 0; i < 100; i++) {
        const { state, off } = onlyProcess(view, runtime);
        assertEquals([state, off], ["off", { since, reason: "paused by the program" }]);
      }
      monitor.resume();
      monitor.observe("size", 1);
      assertEquals(onlyProcess(view, runtime).state, "running");
      assertEquals(onlyProcess(new LiveView(runtime, DIRECTORY), runtime).state, "silent");
      await monitor.stop();
      assertEquals(runtime.files.paths().filter((path) => path.includes("/.programs/")), []);
    });
  }

  it("has ended if it ended meanwhile", async () => {
    const runtime = new FakeRuntime();
    const monitor = started(runtime);
    monitor.pause();
    const view = new LiveView(runtime, DIRECTORY);
    assertEquals(onlyProcess(view, runtime).state, "off");
    await monitor.stop();
    const { state, end } = onlyProcess(view, runtime);
    assertEquals([state, end?.how], ["ended", "stop"]);
  });

  it("says since when, if it has no spools", async () => {
    const runtime = new FakeRuntime();
    const monitor = started(runtime, { durability: "memory" });
    const view = new LiveView(runtime, DIRECTORY);
    const since = now(runtime);
    monitor.pause();
    await monitor.flush();
    for (let i = 0; i < 200; i++) assertEquals(onlyProcess(view, runtime).off?.since, since);
    await monitor.stop();
  });
});

describe("SwitchState", () => {
  const SECOND = 1e9;

  it("tells what is not recorded while other things are", () => {
    const switches = new SwitchState();
    switches.add("recording channel sales", 0, 1 * SECOND);
    assertEquals(switches.state, { restIsOn: true, exceptions: [{ channel: "sales" }] });
    switches.add("recording", 0, 2 * SECOND);
    assertEquals(switches.state, { restIsOn: false, exceptions: [], offSince: 2 * SECOND });
    switches.add("recording label a*", 1, 3 * SECOND);
    assertEquals(switches.state, { restIsOn: false, exceptions: [{ label: "a*" }] });
    switches.add("recording", 1, 4 * SECOND);
    assertEquals(switches.state, { restIsOn: true, exceptions: [] });
  });

  it("is off since it was switched off first, whatever is said anew", () => {
    const switches = new SwitchState();
    for (const time of [5, 6, 7]) switches.add("recording", 0, time * SECOND);
    switches.add("recording", 1, 1 * SECOND); // late, and from before
    switches.add("recording", 17, 8 * SECOND);
    switches.add("recording", NaN, 9 * SECOND);
    assertEquals(switches.state.offSince, 5 * SECOND);
  });

  it("is off in spite of rows that are on their way, but not of later ones", () => {
    const switches = new SwitchState();
    switches.add("recording", 0, 5 * SECOND);
    switches.noteRow(5.1 * SECOND);
    assertEquals(switches.state.offSince, 5 * SECOND);
    switches.noteRow(60 * SECOND);
    assertEquals(switches.state, { restIsOn: true, exceptions: [] });
  });
});
