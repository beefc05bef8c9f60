import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { readdirSync, readFileSync } from "node:fs";
import * as core from "@kymo/kymo/core";
import { KymoError } from "@kymo/kymo/core";
import { scratchDirectory } from "../support/scratch_directory.ts";

/** The rows in the published files of a directory. */
function rowsIn(directory: string): core.Observation[] {
  return readdirSync(directory).filter((name) => name.endsWith(".csv"))
    .flatMap((name) => core.parse(readFileSync(`${directory}/${name}`, "utf8")));
}

describe("openChannel", () => {
  for (const layout of ["segments", "append"] as const) {
    it(`writes observations to a directory of its own, layout ${layout}`, async () => {
      using scratch = scratchDirectory();
      const channel = core.openChannel("queue", { monitoringDir: scratch.path, layout });
      channel.observe("length", 17);
      await channel.flush();
      assertEquals(channel.status().flushed, 1);
      assertEquals(rowsIn(scratch.path).map(({ label, measurement }) => [label, measurement]), [["length", 17]]);
      channel.observeMany([["length", 18], ["waiting", 0.5]]);
      await channel.close();
      channel.observe("length", 19);
      await channel.close();
      assertEquals(rowsIn(scratch.path).map(({ measurement }) => measurement).sort(), [0.5, 17, 18]);
      const { recorded, flushed, buffered, dropped, errors, lastError } = channel.status();
      assertEquals([recorded, flushed, buffered, dropped, errors, lastError], [3, 3, 0, 0, 0, undefined]);
      assertEquals(readdirSync(scratch.path).filter((name) => name.startsWith(".")), []);
    });
  }

  it("closes at the end of its block", async () => {
    using scratch = scratchDirectory();
    {
      await using channel = core.openChannel("queue", { monitoringDir: scratch.path });
      channel.observe("length", 17);
    }
    assertEquals(rowsIn(scratch.path).length, 1);
  });

  it("refuses wrong names and options, and makes no file", () => {
    using scratch = scratchDirectory();
    for (const name of ["", "../x", "a.b", 5, undefined]) {
      const open = (): unknown => core.openChannel(name as string, { monitoringDir: scratch.at("x") });
      assertEquals(assertThrows(open, KymoError, "Cannot open the channel: ").code, "invalid-argument");
    }
    for (const options of [{ withRuntime: true }, { memoryThreshold: 1 }, { layout: "rows" }, 5, null]) {
      const open = (): unknown => core.openChannel("x", options as never);
      assertEquals(assertThrows(open, KymoError, "Cannot open the channel: ").code, "invalid-argument");
    }
    assertEquals(readdirSync(scratch.path), []);
  });

  it("counts what is not an observation, and does not throw", async () => {
    using scratch = scratchDirectory();
    await using channel = core.openChannel("queue", { monitoringDir: scratch.path });
    channel.observe(5 as unknown as string, 1);
    channel.observe("x", "1" as unknown as number);
    assertEquals([channel.status().invalid, channel.status().recorded], [2, 0]);
  });
});

describe("durationSampler", () => {
  it("records durations in seconds", async () => {
    using scratch = scratchDirectory();
    const channel = core.openChannel("duration", { monitoringDir: scratch.path });
    const sampler = core.durationSampler(channel);
    const before = BigInt(Date.now()) * 1_000_000n;
    const id = sampler.start();
    const start = performance.now();
    while (performance.now() - start < 5);
    sampler.stop("busy", id);
    sampler.stop("busy", id);
    await channel.close();
    const [row, ...more] = rowsIn(scratch.path);
    assertEquals([row?.label, more.length, sampler.invalid], ["busy", 0, 1]);
    assert(row!.measurement >= 0.005 && row!.measurement < 5, `${row!.measurement}`);
    assert(row!.timepoint > before - 10_000_000n && row!.timepoint < before + 60_000_000_000n, `${row!.timepoint}`);
  });

  it("refuses a channel whose values are not durations", async () => {
    using scratch = scratchDirectory();
    await using channel = core.openChannel("durations", { monitoringDir: scratch.path });
    const error = assertThrows(() => core.durationSampler(channel), KymoError);
    assertEquals(
      [error.code, error.message],
      ["invalid-argument", 'Cannot sample durations: the channel must be named "duration" or "client": "durations"'],
    );
  });
});

describe("core, samplers", () => {
  it("record the series of the dictionary through a background sampler", async () => {
    using scratch = scratchDirectory();
    const channel = core.openChannel("runtime", { monitoringDir: scratch.path });
    const gc = core.gcSampler();
    assert(gc !== undefined);
    const samplers = [gc, core.processSampler(), core.eventLoopSampler(channel)];
    const background = core.backgroundSampler(
      samplers.map((sampler) => ({ sampler, sink: channel })),
      { samplingInterval: 10 },
    );
    background.start();
    await new Promise((resolve) => setTimeout(resolve, 200));
    background.stop();
    await channel.close();
    const labels = new Set(rowsIn(scratch.path).map(({ label }) => label));
    for (const series of ["rss", "heapUsed", "userTime", "gcCollections", "eventLoopLag"] as const) {
      assert(labels.has(core.SERIES[series]), core.SERIES[series]);
    }
  });

  it("that throw are reported with a code, and the others go on", () => {
    const errors: KymoError[] = [];
    let samples = 0;
    const sink: core.ObservationSink = { observe() {}, observeMany() {} };
    const fail = (): never => {
      throw new Error("out of order");
    };
    const background = core.backgroundSampler(
      [{ sampler: { channel: "x", sample: fail }, sink }, {
        sampler: { channel: "x", sample: () => void samples++ },
        sink,
      }],
      { onError: (error) => errors.push(error) },
    );
    background.start();
    background.stop();
    assertEquals([samples, errors.map(({ code }) => code)], [2, ["sampler-failed", "sampler-failed"]]);
  });

  it("need a valid interval", () => {
    for (const options of [{ samplingInterval: 5 }, { interval: 100 }, { onError: "no" }]) {
      const make = (): unknown => core.backgroundSampler([], options as never);
      assertEquals(assertThrows(make, KymoError, "Cannot sample: ").code, "invalid-argument");
    }
  });
});

describe("core, encode and parse", () => {
  it("turn a segment into CSV and back", () => {
    const owner = { pid: 42, isolate: "0badcafe", channel: "mine", kind: core.ValueKind.number };
    const segment = new core.Segment(new ArrayBuffer(4096), owner);
    segment.open(1, 1_700_000_000_000_000_000n);
    segment.add('a "label"', 0.25, 7);
    const text = core.encode(segment);
    assertEquals(text.split("\r\n")[0], core.COLUMNS.join(","));
    assertEquals(core.parse(text), [
      { timepoint: 1_700_000_000_000_000_007n, measurement: 0.25, label: 'a "label"', pid: 42 },
    ]);
  });
});
