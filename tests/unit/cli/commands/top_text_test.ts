import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { LiveProcess } from "../../../../src/analysis/live/live_processes.ts";
import type { LiveRequest } from "../../../../src/analysis/live/live_requests.ts";
import type { LiveInterval } from "../../../../src/analysis/live/live_view.ts";
import { type Choice, keysLine, orders } from "../../../../src/cli/commands/top/controls.ts";
import { formatInterval } from "../../../../src/cli/commands/top/text.ts";
import { formatClock } from "../../../../src/display/local_time.ts";
import { displayWidth } from "../../../../src/display/text_width.ts";

/** An interval with these processes and requests. */
function interval(processes: readonly LiveProcess[], requests: readonly LiveRequest[] = []): LiveInterval {
  return {
    ...{ time: 0, seconds: 2, processes, requests, series: [], sampled: false, missed: 0, unreadable: [] },
    ...{ others: { processes: 0, rows: 0 }, exists: true },
  };
}

/** A container's program: its PID is 1. */
function container(name: string, host: string, properties: Partial<LiveProcess>): LiveProcess {
  const who = {
    pid: 1,
    isolate: "0194fdc2",
    name,
    host,
    runtime: "bun",
    runtimeVersion: "1.4.5",
    kind: "main",
  } as const;
  const program = `bun 1.4.5 · ${name}@${host}${properties.kind === "worker" ? " worker" : ""}`;
  return { ...who, program, state: "running", count: 2, rate: 1, ...properties };
}

/** The local time of some seconds after 1970. */
const clock = (seconds: number): string => formatClock(BigInt(seconds) * 1_000_000_000n);

const CHOICE: Choice = {
  sort: "rate",
  order: "worst first",
  byProcess: false,
  isPaused: false,
  filter: "",
  isTyping: false,
  scroll: 0,
};
const LOOK = { directory: "dir", choice: CHOICE, hasKeys: false, height: undefined, hasColors: false } as const;

function textOf(interval: LiveInterval, width?: number): string[] {
  return formatInterval(interval, { ...LOOK, width }).lines.slice(2);
}

describe("the text of kymo top", () => {
  it("lists outgoing requests apart from the durations of the program", () => {
    const measured = { unit: "s", count: 2, rate: 1, mean: 0.1, p50: 0.1, p99: 0.1, max: 0.1 } as const;
    const rest = { ...measured, sampled: false, approximate: false, history: [] };
    const series = [
      { ...rest, channel: "client", label: "api.example.com [GET]" },
      { ...rest, channel: "duration", label: "/orders/:id [GET]" },
    ];
    const starts = textOf({ ...interval([]), series }).map((line) => line.split(/ {2,}/)[0]);
    assertEquals(starts.slice(-5), ["duration", "/orders/:id [GET]", "", "outgoing request", "api.example.com [GET]"]);
  });

  it("puts the worst first, and colours errors and lag where there are colours", () => {
    const processes = [
      container("well", "web-1", { lag: 0.001 }),
      container("late", "web-2", { lag: 0.06 }),
      container("stuck", "web-3", { lag: 1.5 }),
      container("dead", "web-4", { state: "killed" }),
    ];
    const names = textOf(interval(processes)).slice(1, 5).map((line) => /(\w+)@/.exec(line)?.[1]);
    assertEquals(names, ["dead", "stuck", "late", "well"]);
    const failed = { outcome: 1, count: 2, rate: 1, failed: 2, failedRate: 1, failedShare: 1, failures: { "5xx": 2 } };
    const requests = [{ route: "/pay", verb: "GET", ...failed }];
    const look = { ...LOOK, width: undefined, hasColors: true };
    const { lines } = formatInterval(interval(processes, requests), look);
    const coloured = lines.flatMap((line) => {
      return line.split("\x1b[").flatMap((part) => /^3([13])m *([^ ]+)/.exec(part)?.slice(1).join(" ") ?? []);
    });
    assertEquals(coloured, ["1 killed", "1 1.50s", "3 60.0ms", "1 1"]);
    assertEquals(textOf(interval(processes, requests)).some((line) => line.includes("\x1b")), false);
  });

  /** An interval in which there is much of everything. */
  function muchOfAll(): LiveInterval {
    const processes = Array.from({ length: 12 }, (_, i) =>
      container(`orders-${i}`, "web-1", {
        ...{ pid: 1_000_000 + i, rss: 1e8, lag: 0.3, cpu: 0.5, heapUsed: 5e7, gc: { count: 1, pause: 1, longest: 1 } },
        ...i % 3 === 0 ? { state: "ended", end: { how: "uncaught", error: "TypeError", age: 40 } } : {},
      }));
    const of = { pid: 1_000_001, isolate: "0194fdc2" };
    const measured = { ...of, count: 2e6, rate: 1e6, mean: 0.1, p50: 0.1, p99: 0.1, max: 0.1, history: [0.1, 0.2] };
    const series = Array.from({ length: 20 }, (_, i) => ({
      ...{ ...measured, sampled: true, approximate: true },
      ...{ unit: i % 2 === 0 ? "s" as const : "" as const, channel: i % 4 === 0 ? "client" : "duration" },
      label: `/a/${(i % 5 === 0 ? "漢字/" : "long/").repeat(i)}:id [GET]`,
    }));
    const outcome = {
      failed: 2,
      failedRate: 1,
      failedShare: 1,
      failures: { "4xx": 1, "5xx": 2, aborted: 3, threw: 4 },
    };
    const requests = series.map(({ label }) => ({ ...of, route: label, verb: "GET", count: 2, rate: 1, ...outcome }));
    return { ...interval(processes, requests), series, sampled: true };
  }

  it("fits into 40 to 200 columns, with all of its keys on the last line", () => {
    const all = muchOfAll();
    for (let width = 40; width <= 200; width += width < 60 ? 3 : 20) {
      for (const height of [8, 24]) {
        const look = { ...LOOK, hasKeys: true, width, height };
        const { lines, scrollable } = formatInterval(all, look);
        assertEquals(lines.filter((line) => displayWidth(line) > width), [], `${width}`);
        assertEquals([lines.length, scrollable], [height, 0], `${width}`);
        assertEquals(
          lines.at(-1)!.match(/^q quit {2}s sort: rate {2}space.* {2}p.* {2}\/.* {2}↑↓.* {2}o/)?.length,
          1,
          lines.at(-1),
        );
        const whole = formatInterval(all, { ...look, choice: { ...CHOICE, scroll: 1 } });
        assertEquals([whole.scrollable > 10, whole.lines.length], [true, height]);
        assertEquals(whole.lines.filter((line) => displayWidth(line) > width), [], `${width}`);
      }
    }
  });

  it("shows something of each table on 24 lines, and all of it to who scrolls, below its headings", () => {
    const names = ["program", "failing", "duration", "outgoing request", "quantity"];
    const headings = (lines: readonly string[]): string[] => {
      const begins = lines.map((line) => line.replace(/^ *PID {2}/, "").split(/ {2,}/)[0]!);
      return begins.filter((begin) => names.includes(begin));
    };
    const look = { ...LOOK, hasKeys: true, width: 100, height: 26 };
    const all = muchOfAll();
    assertEquals(headings(formatInterval(all, look).lines), names);
    const seen = new Set<string>();
    const low = { ...look, height: 8 };
    const { scrollable } = formatInterval(all, { ...low, choice: { ...CHOICE, scroll: 1 } });
    for (let scroll = 1; scroll < scrollable + 7; scroll += 7) {
      const { lines } = formatInterval(all, { ...low, choice: { ...CHOICE, scroll } });
      const [first = ""] = lines.slice(2); // below the title, and the note on the sample
      if (!/^orders-\d+@|^$/.test(first)) seen.add(headings([first])[0] ?? first);
    }
    assertEquals([...seen], names);
  });

  it("says how many rows it leaves out, also of those that have no room in any case", () => {
    const series = muchOfAll().series.filter(({ unit }) => unit === "");
    const few = { ...interval([]), series };
    const { lines } = formatInterval(few, { ...LOOK, width: 100, height: 7 });
    assertEquals([series.length, lines.length, lines.at(-1)], [10, 7, "… 7 more"]);
  });

  it("breaks sentences between words where there is no room for them on one line", () => {
    const killed = interval([container("billing", "web-4", { state: "killed", unpublished: 120 })]);
    const look = { ...LOOK, width: 40, height: 24 };
    assertEquals(formatInterval(killed, look).lines.slice(-2), [
      "billing@web-4: killed; 120 rows in its",
      "spools: kymo recover publishes them",
    ]);
    const waiting = formatInterval({ ...interval([]), exists: false }, {
      ...look,
      directory: "/var/lib/orders/telemetry",
    });
    assertEquals(waiting.lines.slice(2), [
      "Waiting: the directory",
      "/var/lib/orders/telemetry does not exist",
      "yet.",
      "A program appears as soon as it starts.",
    ]);
  });

  it("orders processes as chosen", () => {
    const processes = [
      container("a", "h", { cpu: 0.1, rss: 3, rate: 2, lag: 1 }),
      container("b", "h", { cpu: 0.3, rss: 1, rate: 3, state: "killed" }),
      container("c", "h", { rss: 2, rate: 1 }),
    ];
    const orderOf = (order: Choice["order"]): string =>
      formatInterval(interval(processes), { ...LOOK, width: undefined, choice: { ...CHOICE, order } }).lines
        .slice(3, 6).map((line) => /(\w)@h/.exec(line)?.[1]).join("");
    assertEquals(orders.map(orderOf), ["bac", "bac", "acb", "bac", "abc"]);
  });

  it("says that it is paused, and of the keys first what was chosen, however narrow it is", () => {
    const choice = { ...CHOICE, isPaused: true, filter: "ord" };
    const { lines } = formatInterval(interval([container("a", "h", {})]), {
      ...LOOK,
      choice,
      hasKeys: true,
      width: 40,
    });
    assertEquals(lines[0], "dir · 1 program · 1 rows/s · paused");
    assertEquals(lines.at(-1), "q  s  space  p  / filter: ord  ↑↓  o");
    assertEquals(keysLine({ ...choice, isTyping: true }, 40), "filter: ord▏");
  });

  it("names each program, says in words what is wrong with which, and counts those that live", () => {
    const error = { how: "uncaught", error: "TypeError", age: 0.4 } as const;
    const processes = [
      container("catalog", "web-1", {}),
      container("mail", "web-3", { restarts: { count: 12, last: error } }),
      container("orders", "web-2", { rss: 350e6, growth: { from: 104e6, to: 350e6, seconds: 59.7 } }),
      container("orders", "web-2", { isolate: "a", kind: "worker" }),
      container("quiet", "web-5", { state: "silent", age: 7, count: 0, rate: 0 }),
      container("off", "web-5", { state: "off", off: { since: 0 }, count: 0, rate: 0 }),
      container("by", "web-5", { state: "off", off: { since: 0, until: 60_000, reason: "off by .control" }, rate: 0 }),
      container("part", "web-5", { switched: { rest: true, exceptions: [{ channel: "sales" }, { label: "/a*" }] } }),
      container("rest", "web-5", { switched: { rest: false, exceptions: [{ channel: "sales", label: "x" }] } }),
      container("memory", "web-6", { state: "unknown", durability: "memory", count: 0, rate: 0 }),
      container("billing", "web-4", { state: "killed", unpublished: 120, count: 0, rate: 0 }),
      container("old", "web-4", { state: "killed", unpublished: 0, end: { how: "killed", age: 9 }, count: 0, rate: 0 }),
      container("code", "web-7", { state: "ended", end: { how: "exit", exitCode: 3, age: 5 }, count: 0, rate: 0 }),
      container("done", "web-7", { state: "ended", end: { how: "stop", age: 5 }, count: 0, rate: 0 }),
      container("term", "web-7", {
        state: "ended",
        end: { how: "signal", signal: "SIGTERM", age: 5 },
        count: 0,
        rate: 0,
      }),
      container("threw", "web-7", { state: "ended", end: error, count: 0, rate: 0 }),
      { pid: 1, program: "PID 1", programs: 3, state: "running", count: 2, rate: 1 } as const,
    ];
    assertEquals(textOf(interval(processes)), [
      "PID  program                          rows/s    RSS",
      "  1  bun 1.4.5 · mail@web-3                1      –  crash loop",
      "  1  bun 1.4.5 · billing@web-4             0      –  killed",
      "  1  bun 1.4.5 · old@web-4                 0      –  killed 9 s ago",
      "  1  bun 1.4.5 · code@web-7                0      –  exited (3) 5 s ago",
      "  1  bun 1.4.5 · threw@web-7               0      –  uncaught TypeError 0 s ago",
      "  1  bun 1.4.5 · catalog@web-1             1      –",
      "  1  bun 1.4.5 · orders@web-2              1  350MB  memory grows",
      "  1  bun 1.4.5 · orders@web-2 worker       1      –",
      "  1  bun 1.4.5 · quiet@web-5               0      –  silent for 7 s",
      `  1  bun 1.4.5 · off@web-5                 –      –  off since ${clock(0)}`,
      `  1  bun 1.4.5 · by@web-5                  –      –  off since ${clock(0)}`,
      "  1  bun 1.4.5 · part@web-5                1      –",
      "  1  bun 1.4.5 · rest@web-5                1      –",
      "  1  bun 1.4.5 · memory@web-6              0      –  alive or not: unknown",
      "  1  bun 1.4.5 · done@web-7                0      –  stopped 5 s ago",
      "  1  bun 1.4.5 · term@web-7                0      –  SIGTERM 5 s ago",
      "  1  PID 1                                 1      –",
      "mail@web-3: crash loop: 12 restarts in 60 s, last ended by an uncaught TypeError",
      "orders@web-2: memory grows: from 104 MB to 350 MB in 1 min",
      `by@web-5: recording is off since ${clock(0)}, until ${clock(60)} (off by .control)`,
      "part@web-5: not recorded: channel sales, labels /a*",
      "rest@web-5: only recorded: labels x in channel sales",
      'memory@web-6: no spools (durability "memory"), so it may be alive or not',
      "billing@web-4: killed; 120 rows in its spools: kymo recover publishes them",
      "old@web-4: killed",
      "code@web-7: exited with code 3",
      "threw@web-7: ended by an uncaught TypeError",
      'PID 1: rows of 3 programs, which layout "append" does not tell apart',
    ]);
  });

  it("shows the rate and share of failed requests by route on 80 columns", () => {
    const request = (route: string, failed: number, count: number, failures: LiveRequest["failures"]): LiveRequest => ({
      ...{ route, verb: "GET", count, rate: count / 2, failed, failedRate: failed / 2 },
      ...{ failedShare: count === 0 ? null : failed / count, failures },
    });
    const requests = [
      request("/fine", 0, 100, {}),
      request("/recovered", 0, 0, { "5xx": 0 }),
      request(`/a/${"very/".repeat(20)}long/route/:id`, 10, 40, { "4xx": 4, aborted: 6 }),
      request("/broken", 50, 50, { "5xx": 48, threw: 2 }),
    ];
    const lines = textOf(interval([container("a", "b", {})], requests), 80).slice(3);
    assertEquals(lines, [
      "failing                               failed/s  of all  4xx  5xx  aborted  threw",
      "/broken [GET]                               25    100%        48               2",
      "/a/very/very/very/…g/route/:id [GET]         5   25.0%    4             6",
      "/recovered [GET]                             0       –         0",
    ]);
    assertEquals(Math.max(...lines.map(displayWidth)) <= 80, true);
  });
});
