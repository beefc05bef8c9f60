import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { LiveView } from "../../../../src/analysis/live/live_view.ts";
import type { StartOptions } from "../../../../src/recording/options.ts";
import { createMonitor, type Monitor } from "../../../../src/recording/monitor.ts";
import type { ProgramFacts } from "../../../../src/runtime.ts";
import { MemoryDisk } from "../../../support/fake/memory_disk.ts";
import { FakeRuntime } from "../../../support/fake/runtime.ts";

const DIRECTORY = "/_monitoring";

/** A program with an isolate and facts of its own. */
function programOn(disk: MemoryDisk, pid: number, isolate: number, facts: Partial<ProgramFacts> = {}): FakeRuntime {
  const runtime = new FakeRuntime(disk, pid);
  Object.assign(runtime, { isolateId: () => isolate.toString(16).padStart(8, "0") });
  runtime.facts = { ...runtime.facts, ...facts };
  return runtime;
}

function started(runtime: FakeRuntime, options: StartOptions = {}): Monitor {
  const monitor = createMonitor(() => runtime);
  monitor.start({ flushInterval: 0, ...options });
  return monitor;
}

describe("LiveView", () => {
  it("describes each series in each interval", async () => {
    const runtime = new FakeRuntime();
    const monitor = started(runtime);
    monitor.observe("size", 1_000);
    const view = new LiveView(runtime, DIRECTORY);
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
    const disk = new MemoryDisk();
    const [one, other] = [programOn(disk, 1, 1), programOn(disk, 1, 2)];
    const monitors = [started(one), started(other)];
    const views = [
      new LiveView(one, DIRECTORY),
      new LiveView(one, DIRECTORY, { byProcess: true }),
      new LiveView(one, DIRECTORY, { wantsProcess: ({ isolate }) => isolate === "00000002" }),
      new LiveView(one, DIRECTORY, { wantsLabel: (label) => label === "b" }),
    ];
    for (const [i, monitor] of monitors.entries()) {
      monitor.observe("a", i);
      monitor.observe("b", i);
    }
    one.timers.advance(1_000);
    const told = views.map((view) => {
      const { series, processes, others } = view.endInterval();
      return [
        series.map(({ label, pid, isolate = "", count }) => `${pid ?? "all"}${isolate.slice(-1)} ${label} ${count}`)
          .join(),
        processes.map(({ pid, isolate, count }) => `${pid} ${isolate} ${count}`).join(),
        others,
      ];
    });
    const both = "1 00000001 2,1 00000002 2";
    assertEquals(told, [
      ["all a 2,all b 2", both, { processes: 0, rows: 0 }],
      ["11 a 1,11 b 1,12 a 1,12 b 1", both, { processes: 0, rows: 0 }],
      ["all a 1,all b 1", "1 00000002 2", { processes: 1, rows: 2 }],
      ["all b 2", both, { processes: 0, rows: 2 }],
    ]);
    for (const monitor of monitors) await monitor.stop();
  });

  it("shows who a process is and its runtime series", async () => {
    const runtime = programOn(new MemoryDisk(), 1, 1, { host: "web-2" });
    const cpu = { user: 1.5, system: 0.5 };
    Object.assign(runtime.resources, { cpuTime: () => ({ ...cpu }) });
    const monitor = started(runtime, { withRuntime: true, name: "orders" });
    const view = new LiveView(runtime, DIRECTORY);
    const who = { pid: 1, isolate: "00000001", name: "orders", runtime: "fake", runtimeVersion: "1" } as const;
    const known = {
      ...who,
      program: "fake 1 · orders@web-2",
      host: "web-2",
      kind: "main",
      durability: "spool",
      rss: 1_000,
      heapUsed: 10,
      heapTotal: 20,
    } as const;
    const gc = { count: 0, pause: 0, longest: 0 };
    const { age: _, ...first } = view.known().processes[0]!;
    assertEquals(first, { ...known, state: "silent", count: 0, rate: 0, gc });
    cpu.user += 0.3;
    cpu.system += 0.2;
    runtime.collections.push({ pause: 0.25, before: 2, after: 1 }, { pause: 0.5, before: 2, after: 1 });
    runtime.timers.advance(1_000);
    const { count, rate, age, ...second } = view.endInterval().processes[0]!;
    assertEquals([count === rate, age], [true, 0]);
    assertEquals(second, {
      ...known,
      state: "running",
      cpu: 0.5,
      lag: 0,
      gc: { count: 2, pause: 0.75, longest: 0.5 },
    });
    await monitor.stop();
  });

  it("tells the CPU time of the whole interval, whatever happened in its last second", async () => {
    const runtime = new FakeRuntime();
    const cpu = { user: 0, system: 0 };
    Object.assign(runtime.resources, { cpuTime: () => ({ ...cpu }) });
    const monitor = started(runtime, { withRuntime: true });
    const view = new LiveView(runtime, DIRECTORY);
    const cores: (number | undefined)[] = [];
    for (const seconds of [[0.9, 0.1, 0.2, 0], [0, 0, 0, 0.4]]) {
      for (const busy of seconds) {
        cpu.user += busy;
        runtime.timers.advance(1_000);
      }
      cores.push(view.endInterval().processes[0]?.cpu);
    }
    runtime.timers.advance(100); // too short for a sample
    cores.push(view.endInterval().processes[0]?.cpu);
    assertEquals(cores.map((one) => one?.toFixed(3)), ["0.300", "0.100", "0.100"]);
    await monitor.stop();
  });

  it("takes levels and CPU time by their times, since later rows may be read before earlier ones", async () => {
    const runtime = new FakeRuntime();
    let rss = 1_000;
    Object.assign(runtime.memory, { rss: () => rss++ });
    const monitor = started(runtime, { withRuntime: true });
    const view = new LiveView(runtime, DIRECTORY);
    runtime.timers.advance(5_000);
    await monitor.flush(); // what is in a file is read after what is in a spool
    runtime.timers.advance(5_000);
    assertEquals(view.endInterval().processes[0]?.rss, rss - 1);
    await monitor.stop();
  });

  it("keeps workers apart, whose main thread shows the figures of their process", async () => {
    const disk = new MemoryDisk();
    const runtimes = [
      programOn(disk, 7, 1, { kind: "main" }),
      programOn(disk, 7, 2, { kind: "worker" }),
      programOn(disk, 8, 3, { kind: "worker" }), // its main thread does not record
    ];
    const monitors = runtimes.map((runtime) => started(runtime, { withRuntime: true }));
    const view = new LiveView(runtimes[0]!, DIRECTORY);
    runtimes[1]!.clock.time += 80_000_000; // the worker starts up late: its lag is not the main thread's
    for (const runtime of runtimes) runtime.timers.advance(1_000);
    const told = view.endInterval().processes.map(({ pid, kind, rss, cpu, heapUsed, lag }) =>
      [pid, kind, rss, cpu === undefined, heapUsed, Math.round(1_000 * lag!)].join(" ")
    );
    assertEquals(told, ["7 main 1000 false 10 0", "7 worker  true 10 60", "8 worker 1000 false 10 0"]);
    for (const monitor of monitors) await monitor.stop();
  });

  it("tells that memory grows while it goes on", async () => {
    const runtime = new FakeRuntime();
    let rss = 100e6;
    Object.assign(runtime.memory, { rss: () => rss });
    const monitor = started(runtime, { withRuntime: true });
    const view = new LiveView(runtime, DIRECTORY);
    const run = (seconds: number, change: number): unknown => {
      for (let i = 0; i < seconds; i++) {
        rss += change * (i % 4 === 3 ? -1 : 1); // garbage collections give some back
        runtime.timers.advance(1_000);
      }
      return view.endInterval().processes[0]?.growth;
    };
    assertEquals(run(12, 1e6), undefined);
    assertEquals(run(24, 5e6), { from: 100e6, to: 166e6, seconds: 36 });
    assertEquals(run(60, 0), undefined);
    await monitor.stop();
  });
});

describe("LiveView on the states of processes", () => {
  /** Name, state and end of what is listed after some seconds. */
  function told(view: LiveView, runtime: FakeRuntime, seconds = 4): string[] {
    runtime.timers.advance(1_000 * seconds);
    return view.endInterval().processes.map(({ name, state, end, unpublished, restarts }) => {
      const { how, exitCode, signal, error, age } = end ?? {};
      const why = [how, exitCode, signal, error, age].filter((part) => part !== undefined).join(" ");
      const before = restarts === undefined ? "" : ` after ${restarts.count}, ${restarts.last.how}`;
      return `${name}: ${state}${why && ` (${why})`}${unpublished ? `, ${unpublished} left` : ""}${before}`;
    });
  }

  it("takes a program for alive if it holds the locks of its spools, whatever processes there are here", async () => {
    const disk = new MemoryDisk();
    const runtimes = [1, 2].map((isolate) => programOn(disk, 1, isolate)); // two containers
    const monitors = runtimes.map((runtime, i) => started(runtime, { name: `container ${i}` }));
    for (const monitor of monitors) monitor.observe("a", 1);
    const [runtime] = runtimes as [FakeRuntime];
    assertEquals(told(new LiveView(runtime, DIRECTORY), runtime), ["container 0: silent", "container 1: silent"]);
    const dead = programOn(disk.clone(), 9, 9); // all are dead: nobody holds a lock
    const view = new LiveView(dead, DIRECTORY);
    assertEquals(told(view, dead), ["container 0: killed, 1 left", "container 1: killed, 1 left"]);
    assertEquals(told(view, dead, 600).length, 2); // until their rows are recovered
    for (const monitor of monitors) await monitor.stop();
  });

  it("tells how programs ended for a minute, and then drops them", async () => {
    const disk = new MemoryDisk();
    const names = ["exited", "killed", "signal", "stopped", "uncaught", "watching"];
    const runtimes = names.map((_, i) => programOn(disk, i, i));
    const monitors = runtimes.map((runtime, i) => started(runtime, { name: names[i]!, flushInterval: 60_000 }));
    const watching = runtimes[5]!;
    const view = new LiveView(watching, DIRECTORY);
    runtimes[0]!.end(true, { how: "exit", exitCode: 3 });
    runtimes[2]!.end(true, { how: "signal", signal: "SIGTERM" });
    await monitors[3]!.stop();
    runtimes[4]!.end(true, { how: "uncaught", error: "TypeError" });
    const ends = ["exited: ended (exit 3 4)", "signal: ended (signal SIGTERM 4)"];
    const more = ["stopped: ended (stop 4)", "uncaught: ended (uncaught TypeError 4)"];
    assertEquals(told(view, watching), ["killed: silent", "watching: silent", ...ends, ...more]);
    assertEquals(told(new LiveView(watching, DIRECTORY), watching, 0).length, 6);
    assertEquals(told(view, watching, 57), ["killed: silent", "watching: silent"]);
    for (const i of [0, 1, 2, 4, 5]) await monitors[i]!.stop();
  });

  it("says that it cannot tell whether a program without spools lives", async () => {
    const disk = new MemoryDisk();
    const runtime = programOn(disk, 1, 1);
    const monitor = started(runtime, { durability: "memory", name: "memory", flushInterval: 60_000 });
    const view = new LiveView(runtime, DIRECTORY);
    monitor.observe("a", 1);
    assertEquals(told(view, runtime), ["memory: unknown"]);
    assertEquals(told(view, runtime, 60), ["memory: running"]); // it has flushed
    assertEquals(told(view, runtime, 50), ["memory: unknown"]); // two flushes have not passed by
    await monitor.stop();
  });

  it("finds the rows of a program without spools when it flushes them", async () => {
    for (const layout of ["segments", "append"] as const) {
      const runtime = programOn(new MemoryDisk(), 1, 1);
      const monitor = started(runtime, { durability: "memory", layout });
      for (let i = 0; i < 2; i++) {
        monitor.observe("a", 1);
        await monitor.flush();
      }
      const view = new LiveView(runtime, DIRECTORY);
      const counts: number[] = [];
      for (let i = 0; i < 3; i++) {
        monitor.observe("a", 1);
        counts.push(view.endInterval().series[0]?.count ?? 0);
        if (i === 1) await monitor.stop();
        else await monitor.flush();
        counts.push(view.endInterval().series[0]?.count ?? 0);
      }
      assertEquals(counts, [0, 1, 0, 1, 0, 0], layout);
    }
  });

  it("lists a program that is started over and over once", () => {
    const disk = new MemoryDisk();
    const watching = programOn(disk, 1, 99);
    const view = new LiveView(watching, DIRECTORY);
    let runtime = programOn(disk, 1, 1);
    for (let life = 1; life <= 4; life++) {
      runtime = programOn(disk, 1, life);
      runtime.clock.time = watching.clock.time;
      started(runtime, { name: "loop" }).observe("a", life);
      watching.timers.advance(1_000);
      runtime.clock.time = watching.clock.time;
      if (life < 4) runtime.end(true, { how: "uncaught", error: "TypeError" });
    }
    assertEquals(told(view, watching), ["loop: running after 3, uncaught"]);
    runtime.clock.time = watching.clock.time;
    runtime.end(true, { how: "uncaught", error: "Error" });
    assertEquals(told(view, watching), ["loop: ended (uncaught Error 4) after 3, uncaught"]);
  });

  it("counts no row that was published before it attached", async () => {
    for (const layout of ["segments", "append"] as const) {
      const runtime = new FakeRuntime();
      const monitor = started(runtime, { layout });
      for (let i = 0; i < 3; i++) {
        for (let j = 0; j < 1_000; j++) monitor.observe("a", j);
        await monitor.flush(); // and the spools are empty
      }
      const view = new LiveView(runtime, DIRECTORY);
      assertEquals(view.endInterval().series, []);
      monitor.observe("a", 1);
      await monitor.flush();
      assertEquals(view.endInterval().series.map(({ count }) => count), [1]);
      runtime.end(true, { how: "uncaught", error: "Error" });
      assertEquals(new LiveView(runtime, DIRECTORY).endInterval().series, []);
    }
  });

  it("gives rows of a file that all append to to a program only if no other can have recorded them", async () => {
    const disk = new MemoryDisk({ mapping: false }); // no spools
    const runtimes = [programOn(disk, 1, 1), programOn(disk, 1, 2), programOn(disk, 2, 3)];
    const monitors = runtimes.map((runtime) => started(runtime, { layout: "append", withRuntime: true }));
    const view = new LiveView(runtimes[0]!, DIRECTORY, { byProcess: true });
    const counts = async (): Promise<string[]> => {
      for (const runtime of runtimes) runtime.timers.advance(1_000);
      for (const monitor of monitors) {
        if (!monitor.status().running) continue;
        monitor.observe("a", 1);
        await monitor.flush();
      }
      const { processes, series } = view.endInterval();
      return [
        ...processes.filter(({ count }) => count > 0).map(({ pid, isolate = "?", programs = 1, rss = "no" }) =>
          `${pid} ${isolate}: of ${programs}, rss ${rss}`
        ),
        ...series.filter(({ count }) => count > 0).map(({ pid, isolate = "?", count }) =>
          `a ${pid} ${isolate}: ${count}`
        ),
      ];
    };
    const third = "2 00000003: of 1, rss 1000";
    assertEquals(await counts(), ["1 ?: of 2, rss no", third, "a 1 ?: 2", "a 2 00000003: 1"]);
    await monitors[1]!.stop();
    for (const runtime of runtimes) runtime.timers.advance(5_000);
    await monitors[0]!.flush();
    view.endInterval(); // which has rows from about the end of the second
    assertEquals(await counts(), ["1 00000001: of 1, rss 1000", third, "a 2 00000003: 1", "a 1 00000001: 1"]);
    for (const monitor of monitors) await monitor.stop();
  });

  it("reports records that cannot be read, and shows their programs without a name", async () => {
    const runtime = new FakeRuntime();
    const monitor = started(runtime);
    const records = ["1-00000001", "2-00000001", "3-00000001", "4242-00000001"].map((key) =>
      `${DIRECTORY}/program.${key}.json`
    );
    runtime.files.plant(records[0]!, "file", '{ "format": 1,');
    runtime.files.plant(records[1]!, "file", '{ "format": 9 }');
    runtime.files.plant(records[2]!, "other");
    runtime.files.plant(records[3]!, "symlink", "/nothing");
    monitor.observe("a", 1);
    const view = new LiveView(runtime, DIRECTORY);
    for (let i = 0; i < 2; i++) {
      const { processes, unreadable } = view.endInterval();
      assertEquals(unreadable.map(({ path, reason }) => `${path.split(".")[1]}: ${reason}`), [
        "1-00000001: it is not JSON",
        "2-00000001: made by another version of Kymo: format 9, not 1",
        "3-00000001: it is not a file but a pipe, socket or device",
      ]);
      assertEquals(processes.map(({ pid, name, state }) => [pid, name, state]), [[4242, undefined, "silent"]]);
    }
    await monitor.stop();
  });
});

describe("LiveView on requests", () => {
  it("tells by route how many failed, and how", async () => {
    const runtime = new FakeRuntime();
    const monitor = started(runtime);
    const view = new LiveView(runtime, DIRECTORY);
    const requests = (label: string, count: number): void => {
      for (let i = 0; i < count; i++) monitor.stopDurationSample(label, monitor.startDurationSample());
    };
    requests("/orders/:id [GET]", 6);
    requests("/orders/:id [GET] 5xx", 3);
    requests("/orders/:id [GET] aborted", 1);
    requests("/orders/:id [POST]", 1);
    requests("/events [GET] stream", 1);
    requests("a block", 1);
    monitor.observe("/orders/:id [GET] 5xx", 1); // not a duration
    runtime.timers.advance(2_000);
    const route = "/orders/:id";
    const well = { failed: 0, failedRate: 0, failedShare: 0, failures: {} };
    assertEquals(view.endInterval().requests, [
      {
        ...{ route, verb: "GET", count: 10, rate: 5, failed: 4, failedRate: 2, failedShare: 0.4 },
        failures: { "5xx": 3, aborted: 1 },
      },
      { route, verb: "POST", count: 1, rate: 0.5, ...well },
      { route: "/events", verb: "GET", count: 1, rate: 0.5, ...well },
    ]);
    runtime.timers.advance(1_000);
    assertEquals(view.endInterval().requests[0], {
      ...{ route, verb: "GET", count: 0, rate: 0, failed: 0, failedRate: 0, failedShare: null },
      failures: { "5xx": 0, aborted: 0 },
    });
    await monitor.stop();
  });
});
