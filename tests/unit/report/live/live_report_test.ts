import { describe, it } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { createMonitor, type Monitor } from "../../../../src/recording/monitor.ts";
import type { StartOptions } from "../../../../src/recording/options.ts";
import { LiveReport, type LiveReportOptions } from "../../../../src/report/live/live_report.ts";
import { forEachBucket } from "../../../../src/report/shared/report_buckets.ts";
import type { LiveMessage } from "../../../../src/report/shared/live_data.ts";
import type { ReportData } from "../../../../src/report/shared/report_data.ts";
import { LiveDocument } from "../../../../src/report/viewer/model/live_document.ts";
import type { ProgramFacts } from "../../../../src/runtime.ts";
import { MemoryDisk } from "../../../support/fake/memory_disk.ts";
import { FakeRuntime } from "../../../support/fake/runtime.ts";

const DIRECTORY = "/_monitoring";
const OPTIONS: LiveReportOptions = { title: "here", kymo: "1.2.3" };

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

/** A page that gets what a report sends it. */
function pageOf(report: LiveReport, level = "15m") {
  const { page, text } = report.open(level);
  const live = new LiveDocument(JSON.parse(text));
  return {
    get data() {
      return live.data;
    },
    /** Has the report look, and gets what has changed; returns the message. */
    look(): LiveMessage {
      report.look();
      const message: LiveMessage = JSON.parse(report.changes(page)!);
      live.add(message, Infinity);
      return message;
    },
  };
}

/** The durations of each label and process: how many there are in each bin. */
function counts({ durations }: ReportData): Record<string, string> {
  return Object.fromEntries(durations.flatMap(({ label, processes }) =>
    processes.map(({ process, cells }) => {
      const ofBins = cells!.bin.map((bin, i) => {
        let count = 0;
        forEachBucket(cells!.buckets[i], (_, inBucket) => count += inBucket);
        return `${bin}:${count}`;
      });
      return [`${label} of ${process}`, ofBins.join(" ")];
    })
  ));
}

/** Records durations of ms, each that long before the time now. */
function record(monitor: Monitor, runtime: FakeRuntime, label: string, ...lengths: number[]): void {
  for (const ms of lengths) {
    const id = monitor.startDurationSample();
    runtime.timers.advance(ms);
    monitor.stopDurationSample(label, id);
  }
}

describe("LiveReport", () => {
  it("tells a page each second what is new, and one that is opened later the same", async () => {
    const runtime = new FakeRuntime();
    const monitor = started(runtime);
    record(monitor, runtime, "before", 10);
    const report = new LiveReport(runtime, DIRECTORY, OPTIONS);
    const page = pageOf(report);
    assertEquals([page.data.title, page.data.kymo, page.data.rows], ["here", "1.2.3", 0]);
    assertEquals(page.data.durations, []);
    record(monitor, runtime, "/orders/:id [GET] 5xx", 100, 200);
    monitor.observe("queue", 3);
    const first = page.look();
    assertEquals(first.durations.map(({ label, request }) => [label, request?.outcome]), [
      ["/orders/:id [GET] 5xx", "5xx"],
    ]);
    assertEquals(page.data.rows, 3);
    record(monitor, runtime, "/orders/:id [GET] 5xx", 900, 5);
    record(monitor, runtime, "later", 1_000);
    monitor.observe("queue", 5);
    const second = page.look();
    assertEquals(second.durations.map(({ label }) => label), [undefined, "later"]);
    assertEquals([second.lines, second.marks, second.pauses, second.problems], [
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    assertEquals(counts(page.data), { "/orders/:id [GET] 5xx of 0": "0:2 1:2", "later of 0": "2:1" });
    assertEquals(page.data.quantities.map(({ label, unit, kind, processes }) => [label, unit, kind, processes]), [
      ["queue", "", "level", [{ process: 0, bin: [0, 2], min: [3, 5], mean: [3, 5], max: [3, 5], count: [1, 1] }]],
    ]);
    const [cells] = page.data.durations.map(({ processes }) => processes[0]!.cells!);
    assertEquals([cells!.min, cells!.max, cells!.sum], [[0.1, 0.005], [0.2, 0.9], [0.3, 0.905]]);
    assertEquals(page.look().durations, []);
    assertEquals(pageOf(report).data, page.data);
    await monitor.stop();
  });

  it("has wider bins for longer times, and where a page would be too large", async () => {
    const runtime = new FakeRuntime();
    const monitor = started(runtime);
    const report = new LiveReport(runtime, DIRECTORY, { ...OPTIONS, mostNumbers: 400 });
    const pages = ["15m", "3h", "24h"].map((level) => pageOf(report, level));
    const { page } = report.open("15m");
    for (let second = 0; second < 240; second++) {
      record(monitor, runtime, "work", 400, 600);
      if (second % 10 === 9) report.look();
      if (second === 39) assertEquals(typeof report.changes(page), "string");
    }
    // There is more than twice of what it may be sent: it has to be opened anew.
    assertEquals(report.changes(page), undefined);
    const again = pageOf(report).data;
    assertEquals([again.bins.width, again.bins.count], [10e9, 25]);
    assertEquals(counts(again)["work of 0"]!.split(" ").slice(0, 2), ["0:19", "1:20"]);
    for (const [i, width] of [1e9, 10e9, 120e9].entries()) assertEquals(pages[i]!.data.bins.width, width);
    assertEquals(counts(pageOf(report, "24h").data), { "work of 0": "0:239 1:240 2:1" });
    await monitor.stop();
  });

  it("tells when programs began, lived and ended, and gives each life of one a line", async () => {
    const disk = new MemoryDisk();
    const watching = programOn(disk, 1, 1);
    const report = new LiveReport(watching, DIRECTORY, OPTIONS);
    const page = pageOf(report);
    page.look();
    assertEquals(page.data.unread.problems, ["The monitoring directory does not exist yet"]);
    const runtime = programOn(disk, 7, 2, { name: "orders" } as Partial<ProgramFacts>);
    runtime.clock.time = watching.clock.time;
    const monitor = started(runtime, { name: "orders" });
    watching.timers.advance(2_000);
    runtime.timers.advance(2_000);
    page.look();
    const [{ pid, isolate, lives, line } = { lives: [] }] = page.data.processes as ReportData["processes"][number][];
    assertEquals([pid, isolate, line], [7, "00000002", 0]);
    assertEquals(lives.map(({ begins, ends, words }) => [begins, ends, words]), [
      [true, { recording: 1 }, "is recording"],
    ]);
    assertEquals(lives[0]!.end, page.data.span);
    record(monitor, runtime, "work", 10);
    watching.timers.advance(10);
    await monitor.stop();
    page.look();
    assertEquals(page.data.processes[0]!.lives[0]!.ends, { stop: 1 });
    assertEquals(counts(page.data), { "work of 0": "2:1" });
    const second = programOn(disk, 8, 3);
    second.clock.time = runtime.clock.time;
    const again = started(second, { name: "orders" });
    const message = page.look();
    assertEquals(message.processes!.map(({ pid, line, name }) => [pid, line, name.replace(/ \(.*/, "")]), [
      [7, 0, page.data.lines[0]!.name],
      [8, 0, page.data.lines[0]!.name],
    ]);
    assertMatch(page.data.processes[1]!.name, /\(life 2\)$/);
    await again.stop();
  });

  it("shows marks, and when recording was off", async () => {
    const runtime = new FakeRuntime();
    const monitor = started(runtime);
    const report = new LiveReport(runtime, DIRECTORY, OPTIONS);
    const page = pageOf(report);
    runtime.timers.advance(500);
    monitor.mark("deploy 1.4.2");
    monitor.pause();
    runtime.timers.advance(2_000);
    page.look();
    assertEquals(page.data.marks.map(({ text, process }) => [text, process]), [["deploy 1.4.2", 0]]);
    const [pauses = []] = page.data.pauses;
    assertEquals([page.data.processes[0]!.pauses, pauses.length, pauses[1]], [0, 2, page.data.span]);
    monitor.resume();
    runtime.timers.advance(1_000);
    record(monitor, runtime, "/orders", 1);
    page.look();
    assertEquals(page.data.pauses.map(({ length }) => length), [2]);
    assertEquals(page.data.pauses[0]![1]! < page.data.span, true);
    assertEquals(counts(page.data), { "/orders of 0": "3:1" });
    await monitor.stop();
  });

  it("keeps within its limits of series and bytes, and says so", async () => {
    const runtime = new FakeRuntime();
    const monitor = started(runtime);
    const report = new LiveReport(runtime, DIRECTORY, { ...OPTIONS, maxSeries: 3, maxBytes: 20_000 });
    const page = pageOf(report);
    for (let second = 0; second < 300; second++) {
      for (let i = 0; i < 10; i++) record(monitor, runtime, `label ${i}`, 100);
      if (second % 5 === 4) page.look();
    }
    assertEquals(page.data.durations.map(({ label }) => label), ["label 0", "label 1", "label 2", "(all others)"]);
    const { problems } = page.data.unread;
    assertMatch(problems[0]!, /^2[\d,]+ rows are shown as “\(all others\)”/);
    assertMatch(problems[1]!, /^Only [\d.]+\s% of the time is kept/);
    assertEquals(report.bytes < 20_000 * 1.1, true, `${report.bytes}`);
    await monitor.stop();
  });

  it("selects labels and programs", async () => {
    const disk = new MemoryDisk();
    const [one, other] = [programOn(disk, 1, 1), programOn(disk, 1, 2)];
    const monitors = [started(one), started(other)];
    const report = new LiveReport(one, DIRECTORY, {
      ...OPTIONS,
      wantsLabel: (label) => label === "a",
      wantsProcess: ({ isolate }) => isolate === "00000002",
    });
    const page = pageOf(report);
    for (const monitor of monitors) {
      for (const label of ["a", "b"]) monitor.observe(label, 1);
    }
    one.timers.advance(1_000);
    page.look();
    assertEquals(page.data.processes.map(({ isolate }) => isolate), ["00000002"]);
    assertEquals(page.data.quantities.map(({ label }) => label), ["a"]);
    for (const monitor of monitors) await monitor.stop();
  });
});
