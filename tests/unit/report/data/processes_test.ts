import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { TelemetryDB } from "../../../../src/analysis/mod.ts";
import { programFileName, segmentFileName } from "../../../../src/files/names.ts";
import { encodeProgramRecord, type ProgramEnd, type ProgramRecord } from "../../../../src/files/program_record.ts";
import { readReportData, type ReportOptions } from "../../../../src/report/make_report.ts";
import { timeOfDay } from "../../../../src/report/shared/clock_times.ts";
import type { ReportData } from "../../../../src/report/shared/report_data.ts";
import { renderPage } from "../../../../src/report/page.ts";
import { BEGIN, csv, inDirectory, plain, type Row } from "../../../support/analysis/report_recording.ts";
import { programRecord } from "../../../support/fake/program_record.ts";

/** A life of a program: its isolate, when it began and ended (seconds), and what its record says. */
interface Life {
  readonly isolate: string;
  readonly from: number;
  readonly to: number;
  readonly end?: Omit<ProgramEnd, "at">;
  readonly record?: Partial<ProgramRecord> | false;
  /** Values of the runtime series, by time. */
  readonly runtime?: Readonly<Record<string, (time: number) => number>>;
}

const isolateOf = (i: number): string => (0xa0000000 + i).toString(16);

/** The files of some lives, all of PID 1, that record a duration each second. */
function filesOf(lives: readonly Life[]): Record<string, string> {
  const files: Record<string, string> = {};
  for (const { isolate, from, to, end, record = {}, runtime = {} } of lives) {
    const owner = { channel: "duration", pid: 1, isolate };
    const times = Array.from({ length: Math.floor(to - from) + 1 }, (_, i) => from + i);
    files[segmentFileName({ owner, sequence: 1 })] = csv(times.map((time): Row => [time, 0.01, "work", 1]));
    const samples = Object.entries(runtime).flatMap(([label, at]) =>
      times.map((time): Row => [time, at(time), label, 1])
    );
    if (samples.length > 0) {
      files[segmentFileName({ owner: { ...owner, channel: "runtime" }, sequence: 1 })] = csv(samples);
    }
    if (record === false) continue;
    const at = (seconds: number): bigint => BEGIN + BigInt(Math.round(seconds * 1e9));
    files[programFileName(owner)] = new TextDecoder().decode(encodeProgramRecord(programRecord({
      isolate,
      host: "web-1",
      started: at(from),
      ...end && { end: { ...end, at: at(to) } },
      ...record,
    })));
  }
  return files;
}

async function reportOf(lives: readonly Life[], options: Partial<ReportOptions> = {}): Promise<ReportData> {
  return await inDirectory(filesOf(lives), async (directory) => {
    await using db = await TelemetryDB.open(directory);
    return await readReportData(db, { title: "", kymo: "", made: new Date(0), ...options });
  });
}

const textsOf = ({ findings }: ReportData, kind: string): string[] =>
  findings.filter((finding) => finding.kind === kind).map(({ text }) => plain(text));

describe("the processes of a report", () => {
  it("are told apart though all have PID 1, each with its own figures", async () => {
    const data = await reportOf([
      {
        isolate: isolateOf(1),
        from: 0,
        to: 200,
        runtime: { rss: () => 104e6, "user time": (time) => 15 + time / 100 },
      },
      {
        isolate: isolateOf(2),
        from: 0,
        to: 200,
        record: { host: "web-2", runtime: "deno", runtimeVersion: "2.9.6" },
        runtime: { rss: (time) => 100e6 + 350e6 * time / 200, "user time": (time) => time / 50 },
      },
    ]);
    assertEquals(data.lines, [
      { name: "bun 1.4.5 · orders@web-1", short: "orders@web-1" },
      { name: "deno 2.9.6 · orders@web-2", short: "orders@web-2" },
    ]);
    assertEquals(data.processes.map(({ isolate, rows, line }) => [isolate, rows, line]), [
      [isolateOf(1), 603, 0],
      [isolateOf(2), 603, 1],
    ]);
    const rss = data.quantities.find(({ label }) => label === "rss")!;
    assertEquals(rss.processes.map(({ max }) => Math.max(...max)), [104e6, 450e6]);
    const cpu = data.quantities.find(({ label }) => label === "cpu")!;
    assertEquals(cpu.processes.map(({ mean }) => Math.round(mean[9]! * 1e3) / 1e3), [0.01, 0.02]);
    assertEquals(textsOf(data, "memory"), [
      `The memory (RSS) of deno 2.9.6 · orders@web-2 grew from 139 MB to 454 MB within 3 min from ${
        timeOfDay(22_500_000_000)
      } on, about 105 MB per minute.`,
    ]);
  });

  it("that follow each other are lives of one program, on one line", async () => {
    const uncaught = { how: "uncaught", error: "TypeError" } as const;
    const data = await reportOf([
      { isolate: isolateOf(1), from: 0, to: 3, end: uncaught },
      { isolate: isolateOf(2), from: 10, to: 12, end: uncaught },
      { isolate: isolateOf(3), from: 20, to: 22, end: { how: "exit", exitCode: 3 } },
      { isolate: isolateOf(4), from: 30, to: 120, end: { how: "killed" } },
      { isolate: isolateOf(5), from: 0, to: 120, end: { how: "stop" }, record: { name: "mail" } },
    ]);
    assertEquals(data.lines.map(({ short }) => short), ["orders@web-1", "mail@web-1"]);
    assertEquals(
      data.processes.filter(({ line }) => line === 0).map(({ lives: [life] }) => [
        life!.start / 1e9,
        life!.end / 1e9,
        Object.keys(life!.ends)[0],
        life!.words,
      ]),
      [
        [0, 3, "uncaught", "was ended by an uncaught TypeError"],
        [10, 12, "uncaught", "was ended by an uncaught TypeError"],
        [20, 22, "failed", "exited with code 3"],
        [30, 120, "killed", "was killed"],
      ],
    );
    const [loop, killed] = textsOf(data, "ends");
    assert(loop!.startsWith("orders is in a crash loop: 3 lives of 2 s at the median, 2 ended by an uncaught"), loop);
    assert(/orders@web-1.* was killed; it was last seen at .+\./.test(killed!), killed);
  });

  it("live until their last observation where no end is known, and end within the time shown only", async () => {
    const lives = [
      { isolate: isolateOf(1), from: 0, to: 50, end: { how: "stop" } as const },
      { isolate: isolateOf(2), from: 10, to: 100, record: false as const },
    ];
    const whole = await reportOf(lives);
    assertEquals(whole.processes.map(({ name, lives: [life] }) => [name, life!.ends]), [
      ["bun 1.4.5 · orders@web-1", { stop: 1 }],
      ["PID 1", { unknown: 1 }],
    ]);
    const part = await reportOf(lives, {
      selection: { from: BEGIN + 5_000_000_000n, to: BEGIN + 21_000_000_000n },
    });
    assertEquals(
      part.processes.map(({ lives: [life] }) => [life!.start / 1e9, life!.end / 1e9, life!.begins, life!.ends]),
      [
        [0, 15, false, {}],
        [5, 15, true, {}],
      ],
    );
  });

  it("show memory and CPU time of the whole process once, though a worker samples them too", async () => {
    const runtime = {
      rss: () => 90e6,
      "user time": (time: number) => time / 2,
      "heap used": () => 5e6,
      "event loop lag": (time: number) => time === 4 ? 0.9 : 0,
    };
    const data = await reportOf([
      { isolate: isolateOf(1), from: 0, to: 60, runtime: { ...runtime, "event loop lag": () => 0 } },
      { isolate: isolateOf(2), from: 3, to: 60, record: { kind: "worker" }, runtime },
    ]);
    const shownBy = (label: string) =>
      data.quantities.find((of) => of.label === label)!.processes.map(({ process }) => data.processes[process]!.name);
    const [main, worker] = ["bun 1.4.5 · orders@web-1", "bun 1.4.5 · orders@web-1 worker"];
    assertEquals([shownBy("rss"), shownBy("cpu"), shownBy("heap used")], [[main], [main], [main, worker]]);
    const [stall] = textsOf(data, "stall");
    assert(stall!.startsWith(`The event loop of ${worker} was blocked for 900 ms`), stall);
  });

  it("of layout append are one for each PID, and mixed counters are left out", async () => {
    const record = (host: string) => ({ host, options: { layout: "append" } });
    const files = filesOf([
      { isolate: isolateOf(1), from: 0, to: 60, record: record("web-1") },
      { isolate: isolateOf(2), from: 0, to: 60, record: record("web-2") },
    ]);
    for (const name of Object.keys(files)) if (name.endsWith(".csv")) delete files[name];
    const seconds = Array.from({ length: 61 }, (_, second) => second);
    files["runtime.csv"] = csv(seconds.flatMap((time): Row[] => [
      [time, 15, "user time", 1],
      [time + 0.4, time / 100, "user time", 1],
      [time, 50e6, "rss", 1],
    ]));
    const data = await inDirectory(files, async (directory) => {
      await using db = await TelemetryDB.open(directory);
      return await readReportData(db, { title: "", kymo: "", made: new Date(0) });
    });
    assertEquals(data.processes.map(({ name, lives }) => [name, lives.length]), [["PID 1", 2]]);
    assertEquals(data.quantities.map(({ label }) => label), ["rss"]);
    assertEquals(data.unread.problems, [
      "Rows in layout append have no isolate: the figures of PID 1 are those of 2 programs together, " +
      "and rates of its counters are left out",
    ]);
  });

  it("are told from a record alone if a program ended before it recorded anything", async () => {
    const files = filesOf([
      { isolate: isolateOf(1), from: 0, to: 60 },
      { isolate: isolateOf(2), from: 20, to: 20, end: { how: "uncaught" }, record: { name: "mail" } },
    ]);
    delete files[segmentFileName({ owner: { channel: "duration", pid: 1, isolate: isolateOf(2) }, sequence: 1 })];
    const data = await inDirectory(files, async (directory) => {
      await using db = await TelemetryDB.open(directory);
      return await readReportData(db, { title: "", kymo: "", made: new Date(0) });
    });
    assertEquals(data.processes.map(({ name, rows }) => [name, rows]), [
      ["bun 1.4.5 · orders@web-1", 61],
      ["bun 1.4.5 · mail@web-1", 0],
    ]);
  });

  it("are 200 at most: 2,000 short lives of one program are one, and the page stays small", async () => {
    const uncaught = { how: "uncaught", error: "Error" } as const;
    const lives = Array.from({ length: 2_000 }, (_, i): Life => ({
      isolate: isolateOf(i + 10),
      from: 3 * i,
      to: 3 * i + 1,
      end: uncaught,
      record: { name: "mail" },
    }));
    const data = await reportOf([...lives, { isolate: isolateOf(1), from: 0, to: 6_000, end: { how: "stop" } }]);
    const [mail] = data.processes.filter(({ line }) => data.lines[line]!.short === "mail@web-1");
    assertEquals(data.processes.length, 2);
    assertEquals(mail!.rows, 4_000);
    assertEquals(mail!.lives.reduce((sum, { count }) => sum + count, 0), 2_000);
    assertEquals(mail!.lives.reduce((sum, { ends: { uncaught = 0 } }) => sum + uncaught, 0), 2_000);
    assert(mail!.lives.length <= 2_000);
    assertEquals(data.unread.problems, ["2,000 processes of the same programs are shown together: there are too many"]);
    const { length } = await renderPage(data);
    assert(length < 600_000, `${length} bytes`);
  });
});
