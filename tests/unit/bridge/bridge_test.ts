import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Bridge, type BridgeOptions } from "../../../src/bridge/bridge.ts";
import type { Layout } from "../../../src/files/names.ts";
import { rotateAppendFile } from "../../../src/files/append_file.ts";
import { MonitoringDirectory } from "../../../src/files/directory.ts";
import type { StartOptions } from "../../../src/recording/options.ts";
import { createMonitor, type Monitor } from "../../../src/recording/monitor.ts";
import { KymoError } from "../../../src/errors.ts";
import { FileError } from "../../../src/runtime.ts";
import { failAll, repair } from "../../support/fake/disk_faults.ts";
import { MemoryDisk } from "../../support/fake/memory_disk.ts";
import { FakeRuntime } from "../../support/fake/runtime.ts";
import { pick, randomFrom } from "../../support/random.ts";
import { SMALL_BUFFERS } from "../../support/small_buffers.ts";

const DIRECTORY = "/_monitoring";
const LAYOUTS: readonly Layout[] = ["segments", "append"];

/** How many courses of events are tried for each layout. */
const SEEDS = 12;

let isolates = 0;
let processes = 0;

/** A process. PIDs repeat, ids of isolates do not. */
class Process extends FakeRuntime {
  override isolateId(): string {
    return (++isolates).toString(16).padStart(8, "0");
  }
}

function runtimeOf(disk: MemoryDisk, pid: number): FakeRuntime {
  const runtime = new Process(disk, pid);
  runtime.clock.step = 500_000; // so that nobody has to wait long for a lock
  runtime.clock.offset = BigInt(++processes) * 1_000_000_007n; // no two rows have the same timepoint
  return runtime;
}

function started(runtime: FakeRuntime, options: StartOptions): Monitor {
  const monitor = createMonitor(() => runtime);
  monitor.start({ monitoringDir: DIRECTORY, ...options });
  return monitor;
}

function opened(disk: MemoryDisk, options: Partial<BridgeOptions> = {}): Bridge {
  return Bridge.open(runtimeOf(disk, 9_999), {
    path: DIRECTORY,
    interval: 1_000,
    maxSeries: 1_000,
    byProcess: false,
    signal: new AbortController().signal,
    ...options,
  });
}

/** The values of a family by the values of its attributes. */
function valuesOf(bridge: Bridge, name: string): Record<string, number> {
  const metric = bridge.metrics.find((one) => one.name === name);
  return Object.fromEntries((metric?.samples ?? []).map(({ attributes, value }) => [
    Object.values(attributes).join(" "),
    typeof value === "number" ? value : value.count,
  ]));
}

/** Observed numbers by label, as counted. */
const counted = (bridge: Bridge): Record<string, number> => valuesOf(bridge, "kymo_observations_total");

/** A program that observes, and how often by label. */
class Expected {
  readonly counts: Record<string, number> = {};

  record(monitor: Monitor, label: string, times: number): void {
    for (let i = 0; i < times; i++) monitor.observe(label, i);
    const key = `custom ${label}`;
    this.counts[key] = (this.counts[key] ?? 0) + times;
  }
}

describe("the bridge", () => {
  for (const layout of LAYOUTS) {
    it(`counts each row once over restarts of programs and of itself, ${layout}`, async () => {
      for (let seed = 1; seed <= SEEDS; seed++) {
        const random = randomFrom(seed);
        const disk = new MemoryDisk();
        const expected = new Expected();
        let pid = 1;
        let isStateRefused = false;
        disk.before = (operation, path) => {
          if (isStateRefused && operation === "create" && path.includes("/.bridge/state")) {
            throw new FileError("ENOSPC", "no space left on device");
          }
        };
        const programs: { readonly monitor: Monitor; readonly runtime: FakeRuntime }[] = [];
        const start = (): void => {
          const runtime = runtimeOf(disk, pid++ % 3 + 1); // PIDs repeat
          programs.push({ runtime, monitor: started(runtime, { ...SMALL_BUFFERS, layout }) });
        };
        start();
        let bridge = opened(disk);
        await bridge.begin();
        let least: Record<string, number> = {};
        for (let step = 0; step < 40; step++) {
          const event = random(10);
          const program = programs.length > 0 ? pick(random, programs) : undefined;
          if (event < 5 && program !== undefined) {
            expected.record(program.monitor, `label ${random(3)}`, random(300));
          } else if (event === 5) start();
          else if (event === 6 && program !== undefined) {
            await program.monitor.stop();
            programs.splice(programs.indexOf(program), 1);
          } else if (event === 7) {
            if (layout === "append") rotateAppendFile(new MonitoringDirectory(disk, DIRECTORY), "custom");
          } else if (event === 8) {
            bridge.close(); // as a SIGKILL would: the state is as it was written last
            bridge = opened(disk);
            await bridge.begin();
          } else {
            isStateRefused = random(2) === 0; // then the next bridge begins where an earlier state is
            await bridge.begin();
            isStateRefused = false;
          }
          const now = counted(bridge);
          for (const [label, count] of Object.entries(least)) assert((now[label] ?? 0) >= count, `${label} has fallen`);
          least = now;
        }
        for (const { monitor } of programs) await monitor.stop();
        await bridge.begin();
        const all = Object.fromEntries(Object.entries(expected.counts).filter(([, count]) => count > 0).sort());
        assertEquals(Object.fromEntries(Object.entries(counted(bridge)).sort()), all, `seed ${seed}`);
        bridge.close();
      }
    });
  }

  it("counts what a killed program had recorded, before and after its recovery", async () => {
    for (const layout of LAYOUTS) {
      const before = new MemoryDisk();
      const monitor = started(runtimeOf(before, 1), { layout });
      const expected = new Expected();
      expected.record(monitor, "a", 100);
      const first = opened(before);
      await first.begin();
      // In layout append the rows of a living program count when it has flushed them.
      assertEquals(counted(first), layout === "segments" ? expected.counts : {});
      first.close();
      const after = before.clone(); // all are killed
      const second = opened(after);
      await second.begin();
      assertEquals(counted(second), expected.counts);
      await second.begin();
      assertEquals([counted(second), valuesOf(second, "kymo_programs")], [expected.counts, { recording: 0, off: 0 }]);
      second.close();
    }
  });

  it("keeps counting when files are removed that it has counted", async () => {
    const disk = new MemoryDisk();
    const monitor = started(runtimeOf(disk, 1), {});
    monitor.observe("a", 1);
    await monitor.stop();
    const bridge = opened(disk);
    await bridge.begin();
    for (const path of disk.paths()) if (/\/(custom|program)\.[^/]*$/.test(path)) disk.remove(path);
    await bridge.begin();
    bridge.close();
    const next = opened(disk);
    await next.begin();
    assertEquals(counted(next), { "custom a": 1 });
    next.close();
  });

  it("tells requests by route, method and outcome, and other durations by label", async () => {
    const disk = new MemoryDisk();
    const runtime = runtimeOf(disk, 1);
    const monitor = started(runtime, {});
    for (const label of ["/a/:id [GET]", "/a/:id [GET]", "/a/:id [GET] 5xx", "x [OTHER] 4xx", "block"]) {
      monitor.stopDurationSample(label, monitor.startDurationSample());
    }
    await monitor.stop();
    const bridge = opened(disk);
    await bridge.begin();
    assertEquals(valuesOf(bridge, "http_server_request_duration_seconds"), {
      "/a/:id GET ok": 2,
      "/a/:id GET 5xx 5xx": 1,
      "x _OTHER 4xx": 1,
    });
    assertEquals(valuesOf(bridge, "kymo_duration_seconds"), { "duration block": 1 });
    bridge.close();
  });

  it("counts labels beyond the limit as other", async () => {
    const disk = new MemoryDisk();
    const monitor = started(runtimeOf(disk, 1), {});
    for (let i = 0; i < 20; i++) monitor.observe(`label ${i}`, 1);
    for (let i = 0; i < 5; i++) monitor.stopDurationSample(`/${i}x [GET] 5xx`, monitor.startDurationSample());
    await monitor.stop();
    const bridge = opened(disk, { maxSeries: 8 });
    await bridge.begin();
    const sum = (counts: Record<string, number>): number => Object.values(counts).reduce((all, one) => all + one, 0);
    assertEquals(sum(counted(bridge)) + sum(valuesOf(bridge, "http_server_request_duration_seconds")), 25);
    assertEquals(valuesOf(bridge, "kymo_bridge_folded_rows_total"), { "": 17 });
    assert(
      Object.keys(counted(bridge)).length +
          Object.keys(valuesOf(bridge, "http_server_request_duration_seconds")).length <= 10,
    );
    bridge.close();
  });

  it("has the CPU time of all processes once, and the memory of those that live", async () => {
    const disk = new MemoryDisk();
    const one = runtimeOf(disk, 1);
    const monitors = [one, one, runtimeOf(disk, 2)].map((runtime) =>
      started(runtime, { withRuntime: true, samplingInterval: 10 })
    );
    for (const runtime of [one, monitors[2]]) if (runtime instanceof FakeRuntime) runtime.timers.advance(100);
    const bridge = opened(disk);
    await bridge.begin();
    assertEquals(valuesOf(bridge, "process_cpu_seconds_total")["user"]! % 1.5, 0);
    assert(valuesOf(bridge, "process_cpu_seconds_total")["user"]! <= 3);
    assert(valuesOf(bridge, "process_resident_memory_bytes")[""]! <= 2_000);
    assertEquals(valuesOf(bridge, "kymo_programs"), { recording: 3, off: 0 });
    for (const monitor of monitors) await monitor.stop();
    await bridge.begin();
    assertEquals(valuesOf(bridge, "process_cpu_seconds_total"), { user: 3, system: 1 });
    assertEquals(valuesOf(bridge, "process_resident_memory_bytes"), {});
    bridge.close();
  });

  it("has series of each program if it is told so", async () => {
    const disk = new MemoryDisk();
    for (const pid of [1, 2]) {
      const monitor = started(runtimeOf(disk, pid), { name: `service ${pid}` });
      for (let i = 0; i < pid; i++) monitor.observe("a", 1);
      await monitor.stop();
    }
    const bridge = opened(disk, { byProcess: true });
    await bridge.begin();
    assertEquals(
      Object.entries(counted(bridge)).map(([key, count]) => [key.replace(/[0-9a-f]{8}/, "…"), count]).sort(),
      [["custom a service 1 host/1-…", 1], ["custom a service 2 host/2-…", 2]].map(([key, count]) => [
        String(key).replace("host/", ""),
        count,
      ]),
    );
    bridge.close();
  });

  it("is the only one of its directory, and refuses a damaged state", () => {
    const disk = new MemoryDisk();
    disk.ensureDirectory(DIRECTORY);
    const bridge = opened(disk);
    const error = assertThrows(() => opened(disk), KymoError);
    assertEquals([error.code, error.message], [
      "invalid-state",
      'Cannot serve: "/_monitoring": another program is its bridge',
    ]);
    bridge.close();
    for (const text of ["", "{}", '{"format":1}', "[]", '{"format":2}']) {
      const path = `${DIRECTORY}/.bridge/state.json`;
      const handle = disk.status(path) === undefined ? disk.create(path) : disk.open(path);
      handle.truncate(0);
      handle.writeAt(new TextEncoder().encode(text), 0);
      handle.close();
      assertEquals(assertThrows(() => opened(disk), KymoError).code, "invalid-data", text);
    }
    assertEquals(disk.openHandles, 0);
  });

  it("says that a file is in the place of its directory", () => {
    const disk = new MemoryDisk();
    disk.ensureDirectory(DIRECTORY);
    disk.create(`${DIRECTORY}/.bridge`).close();
    const { message } = assertThrows(() => opened(disk), KymoError);
    assertEquals(message, 'Cannot serve: "/_monitoring/.bridge": not a directory');
  });

  it("tells that its state cannot be written until it can, though it reads", async () => {
    const disk = new MemoryDisk();
    const monitor = started(runtimeOf(disk, 1), {});
    monitor.observe("x", 1);
    await monitor.stop();
    const told: (string | undefined)[] = [];
    const bridge = opened(disk, { onFailure: (message) => told.push(message) });
    failAll(disk, "ENOSPC", "write");
    await bridge.begin();
    await bridge.begin();
    assert(told.length > 1 && told.every((message) => message?.startsWith("Cannot write: ")), `${told}`);
    repair(disk);
    await bridge.begin();
    assertEquals(told.at(-1), undefined);
    bridge.close();
  });
});
