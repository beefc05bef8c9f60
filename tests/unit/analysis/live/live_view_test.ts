import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { LiveView } from "../../../../src/analysis/live/live_view.ts";
import { createMonitor, type Monitor } from "../../../../src/recording/monitor.ts";
import { MemoryDisk } from "../../../support/fake/memory_disk.ts";
import { FakeRuntime } from "../../../support/fake/runtime.ts";

/** A disk on which the system tells that there are processes of these PIDs. */
function diskWith(pids: readonly number[]): MemoryDisk {
  const disk = new MemoryDisk();
  for (const path of ["/proc", "/proc/self", ...pids.map((pid) => `/proc/${pid}`)]) disk.plant(path, "directory");
  for (const pid of pids) disk.plant(`/proc/${pid}/comm`, "file", `program ${pid}\n`);
  return disk;
}

function started(runtime: FakeRuntime, withRuntime = false): Monitor {
  const monitor = createMonitor(() => runtime);
  monitor.start({ withRuntime });
  return monitor;
}

describe("LiveView", () => {
  it("describes each series in each interval", async () => {
    const runtime = new FakeRuntime(diskWith([1]), 1);
    const monitor = started(runtime);
    monitor.observe("size", 1_000);
    const view = new LiveView(runtime, "/_monitoring");
    for (let i = 1; i <= 101; i++) monitor.observe("size", i);
    runtime.timers.advance(500);
    const { seconds, series } = view.endInterval();
    const told = { label: "size", channel: "custom", unit: "", sampled: false, approximate: false } as const;
    assertEquals(seconds, 0.5);
    assertEquals(series, [
      { ...told, count: 101, rate: 202, mean: 51, p50: 51, p99: 100, max: 101, history: [100] },
    ]);
    runtime.timers.advance(1_000);
    assertEquals(view.endInterval().series, [
      { ...told, count: 0, rate: 0, mean: null, p50: null, p99: null, max: null, history: [100, null] },
    ]);
    for (let i = 0; i < 60; i++) view.endInterval();
    assertEquals(view.endInterval().series, []);
    await monitor.stop();
  });

  it("selects processes and series, and keeps those of several processes apart if asked to", async () => {
    const disk = diskWith([1, 2]);
    const [one, other] = [new FakeRuntime(disk, 1), new FakeRuntime(disk, 2)];
    const monitors = [started(one), started(other)];
    const views = [
      new LiveView(one, "/_monitoring"),
      new LiveView(one, "/_monitoring", { byPid: true }),
      new LiveView(one, "/_monitoring", { pids: [2] }),
      new LiveView(one, "/_monitoring", { wantsLabel: (label) => label === "b" }),
    ];
    for (const [i, monitor] of monitors.entries()) {
      monitor.observe("a", i);
      monitor.observe("b", i);
    }
    one.timers.advance(1_000);
    const told = views.map((view) => {
      const { series, processes, others } = view.endInterval();
      return [
        series.map(({ label, pid, count }) => `${pid ?? "all"} ${label} ${count}`).join(),
        processes.map(({ pid, count }) => `${pid} ${count}`).join(),
        others,
      ];
    });
    assertEquals(told, [
      ["all a 2,all b 2", "1 2,2 2", { processes: 0, rows: 0 }],
      ["1 a 1,1 b 1,2 a 1,2 b 1", "1 2,2 2", { processes: 0, rows: 0 }],
      ["all a 1,all b 1", "2 2", { processes: 1, rows: 2 }],
      ["all b 2", "1 2,2 2", { processes: 0, rows: 2 }],
    ]);
    for (const monitor of monitors) await monitor.stop();
  });

  it("shows the runtime series of a process", async () => {
    const runtime = new FakeRuntime(diskWith([1]), 1);
    const cpu = { user: 1.5, system: 0.5 };
    Object.assign(runtime.resources, { cpuTime: () => ({ ...cpu }) });
    const monitor = started(runtime, true);
    const view = new LiveView(runtime, "/_monitoring");
    const known = { rss: 1_000, heapUsed: 10, heapTotal: 20 };
    const gc = { count: 0, pause: 0, longest: 0 };
    const { age: _, ...first } = view.known().processes[0]!;
    assertEquals(first, { pid: 1, name: "program 1", state: "silent", count: 0, rate: 0, ...known, gc });
    cpu.user += 0.3;
    cpu.system += 0.2;
    runtime.collections.push({ pause: 0.25, before: 2, after: 1 }, { pause: 0.5, before: 2, after: 1 });
    runtime.timers.advance(1_000);
    const { count, rate, age, ...second } = view.endInterval().processes[0]!;
    assertEquals([count === rate, age], [true, 0]);
    assertEquals(second, {
      pid: 1,
      name: "program 1",
      state: "running",
      ...known,
      cpu: 0.5,
      lag: 0,
      gc: { count: 2, pause: 0.75, longest: 0.5 },
    });
    await monitor.stop();
  });

  it("shows silent, dead and ended processes, and drops ended ones", async () => {
    const disk = diskWith([1, 2, 3]);
    const runtimes = [1, 2, 3].map((pid) => new FakeRuntime(disk, pid));
    const monitors = runtimes.map((runtime) => started(runtime));
    for (const monitor of monitors) monitor.observe("a", 1);
    const [runtime] = runtimes as [FakeRuntime];
    const view = new LiveView(runtime, "/_monitoring");
    disk.removeTree("/proc/2");
    await monitors[2]!.stop();
    const states = (): string[] => {
      runtime.timers.advance(4_000);
      return view.endInterval().processes.map(({ pid, state }) => `${pid} ${state}`);
    };
    assertEquals(states(), ["1 silent", "2 dead", "3 ended"]);
    monitors[0]!.observe("a", 1);
    assertEquals(states(), ["1 running", "2 dead"]);
    for (const monitor of monitors) await monitor.stop();
  });

  it("shows no state or name that the system does not give", async () => {
    const runtime = new FakeRuntime(new MemoryDisk(), 1);
    const monitor = started(runtime);
    monitor.observe("a", 1);
    const [process] = new LiveView(runtime, "/_monitoring").known().processes;
    assertEquals([process?.state, process?.name], ["silent", undefined]);
    await monitor.stop();
  });
});
