import { parseRequestLabel, requestLabel } from "../../../src/http/request_labels.ts";
import { DURATION_BUCKETS, partOfBucket } from "../../../src/report/shared/report_buckets.ts";
import type {
  DurationCells,
  DurationData,
  DurationStatistics,
  FlameNode,
  LineData,
  ProcessData,
  QuantityData,
  ReportData,
} from "../../../src/report/shared/report_data.ts";
import { randomNumbers } from "../random.ts";

/** The size of a fake report. */
export interface Size {
  readonly bins: number;
  /** Time from first to last, ns. */
  readonly binWidth: number;
  readonly pids: readonly number[];
  readonly labels: number;
  /** Durations of the busiest series in a bin, in each process. */
  readonly perBin: number;
  readonly profiles: number;
}

const ROUTES: readonly [label: string, seconds: number, share: number][] = [
  ["/report [GET]", 0.042, 0.08],
  ["/search [GET]", 0.011, 0.35],
  ["/orders [POST]", 0.018, 0.12],
  ["db.query orders", 0.004, 0.5],
  ["render report", 0.03, 0.08],
  ["/orders/:id [GET]", 0.0024, 0.7],
  ["cache.get", 0.00018, 1],
  ["/health [GET]", 0.00009, 0.02],
];

/** The share of the time at which garbage collection pauses the second process. */
const STALL = 0.62;

/** Returns a report of a service with a few problems. */
export function fakeReport(size: Partial<Size> = {}): ReportData {
  const { bins, binWidth, pids, labels, perBin, profiles }: Size = {
    bins: 600,
    binWidth: 500_000_000,
    pids: [41_207, 41_213],
    labels: ROUTES.length,
    perBin: 24,
    profiles: 1,
    ...size,
  };
  const random = randomNumbers(7);
  const span = bins * binWidth - Math.round(binWidth * 0.3);
  const durations = Array.from({ length: labels }, (_, at) => {
    const [route = "", seconds = 1, share = 1] = ROUTES[at % ROUTES.length] ??
      [];
    const label = at < ROUTES.length ? route : `${route} #${at}`;
    return series(label, seconds, share * perBin, bins, pids, random);
  }).sort((a, b) => b.statistics.sum - a.statistics.sum);
  const counted = durations.reduce(
    (sum, { statistics }) => sum + statistics.count,
    0,
  );
  const processes = pids.map((pid, line) => processOf(pid, line, Math.round(counted / pids.length), span));
  const stall: [number, number] = [
    Math.floor(STALL * bins) * binWidth,
    Math.floor(STALL * bins + 6) * binWidth,
  ];
  return {
    format: 1,
    title: "_monitoring/orders",
    kymo: "0.1.0",
    made: "2026-11-23T10:20:31.000Z",
    from: "1795428012345678901",
    span,
    rows: counted + bins * 8,
    bins: { width: binWidth, count: bins },
    processes,
    lines: linesOf(processes),
    pauses: [],
    marks: [],
    findings: [
      {
        kind: "latency",
        weight: "bad",
        text: "/report [GET] is the slowest: p99 is 1.04 s, 25 times its median.",
        because:
          "71 % of the time of its slowest 1 % of requests was within “render report”, but only 8 % of the time of the others.",
        label: "/report [GET]",
      },
      {
        kind: "gc",
        weight: "bad",
        text: `PID ${pids[1] ?? pids[0]} was blocked for 843 ms by one garbage collection.`,
        because: "38 of the 50 slowest requests ran at that time.",
        window: stall,
      },
      {
        kind: "memory",
        weight: "attention",
        text: `The memory (RSS) of PID ${pids[0]} grew from 90.2 MB to 262 MB, about 34.4 MB per minute.`,
        because: "Its used heap grew too.",
      },
      {
        kind: "cpu",
        weight: "note",
        text: "Both processes used 0.6 CPU cores on average.",
      },
    ],
    durations,
    quantities: quantities(bins, binWidth, pids, random),
    profiles: Array.from({ length: profiles }, (_, at) => ({
      name: `profile.${pids[at % pids.length]}.cpuprofile`,
      process: at % pids.length,
      duration: span / 1e9,
      time: undefined,
      assumed: [],
      tree: callTree(span / 1e9 * 0.6, random),
    })),
    unread: {
      rows: 3,
      problems: ["duration.3.csv, line 120004: 3 rows were cut short"],
    },
  };
}

/** Returns a report without observations. */
export function emptyReport(): ReportData {
  return {
    format: 1,
    title: "_monitoring",
    kymo: "0.1.0",
    made: "2026-11-23T10:20:31.000Z",
    from: "0",
    span: 0,
    rows: 0,
    bins: { width: 1, count: 0 },
    processes: [],
    lines: [],
    pauses: [],
    marks: [],
    findings: [],
    durations: [],
    quantities: [],
    profiles: [],
    unread: { rows: 0, problems: [] },
  };
}

/** Returns a report of one duration. */
export function reportOfOne(label: string, seconds = 0.0123): ReportData {
  const cells = cellsOf([[seconds]]);
  const statistics = statisticsOf([seconds]);
  return {
    ...emptyReport(),
    title: label,
    from: "1795428012345678901",
    rows: 1,
    bins: { width: 1_000_000, count: 1 },
    processes: [processOf(1, 0, 1, 0)],
    lines: [{ name: "PID 1", short: "PID 1" }],
    durations: [{
      label,
      statistics,
      processes: [{ process: 0, statistics, cells }],
    }],
  };
}

/** A process of which there is no record, that lived for the whole time. */
export function processOf(pid: number, line: number, rows: number, span: number): ProcessData {
  const life = { start: 0, end: span, begins: true, count: 1, ends: { unknown: 1 } };
  return { pid, isolate: "", name: `PID ${pid}`, runtime: "", line, rows, lives: [life] };
}

function linesOf(processes: readonly ProcessData[]): LineData[] {
  return processes.map(({ name }) => ({ name, short: name }));
}

function series(
  label: string,
  seconds: number,
  perBin: number,
  bins: number,
  pids: readonly number[],
  random: () => number,
): DurationData {
  const all: number[] = [];
  const processes = pids.map((_, index) => {
    const byBin = Array.from({ length: bins }, (_, bin) => {
      const at = bin / bins;
      const wave = 0.75 + 0.25 * Math.sin(at * 19 + index) + 0.25 * random();
      const expected = perBin * wave;
      const stalled = index === 1 % pids.length && Math.abs(at - STALL) < 0.004;
      const count = Math.floor(expected * (stalled ? 0.4 : 1)) +
        (random() < expected % 1 ? 1 : 0);
      return Array.from({ length: count }, () => {
        const spread = Math.exp((random() + random() + random() - 1.5) * 0.9);
        const tail = random() < 0.008 ? 3 + random() * 12 : 1;
        const slowing = label.startsWith("/report") ? 1 + at * 0.8 : 1;
        const pause = stalled && random() < 0.7 ? 0.84 * random() + 0.05 : 0;
        return seconds * spread * tail * slowing + pause;
      });
    });
    const own = byBin.flat();
    for (const duration of own) all.push(duration);
    return { process: index, statistics: statisticsOf(own), cells: cellsOf(byBin) };
  });
  const parts = parseRequestLabel(label);
  const request = parts && { route: requestLabel({ ...parts, outcome: "ok" }), outcome: parts.outcome };
  return {
    label,
    ...request && { request },
    statistics: statisticsOf(all),
    processes: processes.filter(({ statistics }) => statistics.count > 0),
    slowest: [{
      process: 0,
      duration: 1.25,
      end: 20e9,
      overlaps: [
        { kind: "duration", label: "render report", position: "within", count: 3, time: 1 },
        { kind: "lag", label: "event loop lag", count: 1, time: 0.9 },
        { kind: "gc", label: "gc pause", count: 2, time: 0.02 },
        { kind: "client", label: "→ db.example.com [GET]", position: "beside", count: 1, time: 0.5 },
      ],
    }],
  };
}

/** Exact statistics of durations. */
export function statisticsOf(durations: readonly number[]): DurationStatistics {
  const sorted = Float64Array.from(durations).sort();
  const quantile = (of: number): number => sorted[Math.round(of * (sorted.length - 1))] ?? 0;
  const sum = sorted.reduce((sum, duration) => sum + duration, 0);
  return {
    count: sorted.length,
    sum,
    mean: sum / Math.max(1, sorted.length),
    min: sorted[0] ?? 0,
    p50: quantile(0.5),
    p90: quantile(0.9),
    p99: quantile(0.99),
    p999: quantile(0.999),
    max: sorted.at(-1) ?? 0,
  };
}

/** Cells of durations by bin. */
export function cellsOf(byBin: readonly (readonly number[])[]): DurationCells {
  const filled = byBin.flatMap((durations, bin) => durations.length === 0 ? [] : [{ bin, durations }]);
  return {
    bin: filled.map(({ bin }) => bin),
    min: filled.map(({ durations }) => Math.min(...durations)),
    max: filled.map(({ durations }) => Math.max(...durations)),
    sum: filled.map(({ durations }) => durations.reduce((sum, duration) => sum + duration, 0)),
    buckets: filled.map(({ durations }) => {
      const byBucket = Map.groupBy(durations, (duration) => DURATION_BUCKETS.indexOf(duration));
      return [...byBucket].sort(([a], [b]) => a - b).flatMap(([bucket, own]) => [
        bucket,
        own.length,
        partOfBucket(bucket, Math.min(...own)),
        partOfBucket(bucket, Math.max(...own)),
      ]);
    }),
  };
}

function quantities(
  bins: number,
  binWidth: number,
  pids: readonly number[],
  random: () => number,
): QuantityData[] {
  const every = Math.max(1, Math.round(1e9 / binWidth));
  const level = (
    value: (at: number, index: number) => number,
    spread: number,
  ): QuantityData["processes"] =>
    pids.map((_, index) => {
      const bin = Array.from({ length: Math.ceil(bins / every) }, (_, at) => at * every);
      const mean = bin.map((bin) => value(bin / bins, index) * (1 + (random() - 0.5) * spread));
      return {
        process: index,
        bin,
        mean,
        min: mean.map((value) => value * (1 - spread * random())),
        max: mean.map((value) => value * (1 + spread * random())),
        count: bin.map(() => 4),
      };
    });
  const near = (at: number, index: number): boolean =>
    index === 1 % pids.length && Math.abs(at - STALL) < 1.2 / bins * every;
  const sawtooth = (at: number, teeth: number): number => at * teeth % 1;
  const runtime = { channel: "runtime" };
  return [
    {
      ...runtime,
      label: "rss",
      unit: "bytes",
      kind: "level",
      processes: level(
        (at, index) => index === 0 ? 9e7 + at * 1.6e8 + sawtooth(at, 23) * 9e6 : 1.2e8 + sawtooth(at, 9) * 2e7,
        0.02,
      ),
    },
    {
      ...runtime,
      label: "heap used",
      unit: "bytes",
      kind: "level",
      processes: level(
        (at, index) => index === 0 ? 3e7 + at * 1.3e8 + sawtooth(at, 23) * 2e7 : 4e7 + sawtooth(at, 9) * 5e7,
        0.03,
      ),
    },
    {
      ...runtime,
      label: "cpu",
      unit: "cores",
      kind: "level",
      processes: level(
        (at, index) => near(at, index) ? 1.6 : 0.55 + 0.2 * Math.sin(at * 19 + index),
        0.12,
      ),
    },
    {
      ...runtime,
      label: "event loop lag",
      unit: "s",
      kind: "level",
      processes: level(
        (at, index) => near(at, index) ? 0.81 : 0.0016 + 0.002 * random(),
        0.5,
      ),
    },
    {
      ...runtime,
      label: "gc pause",
      unit: "s",
      kind: "event",
      processes: pids.map((_, index) => {
        const bin = Array.from({ length: bins }, (_, bin) => bin)
          .filter((bin) => random() < 0.05 || bin === Math.floor(STALL * bins));
        const max = bin.map((bin) =>
          bin === Math.floor(STALL * bins) && index === 1 % pids.length ? 0.843 : 0.002 + 0.03 * random() ** 3
        );
        return {
          process: index,
          bin,
          min: max.map((value) => value / 2),
          mean: max.map((value) => value * 0.7),
          max,
          count: bin.map(() => 2),
        };
      }),
    },
    {
      channel: "custom",
      label: "orders waiting",
      unit: "",
      kind: "level",
      processes: level(
        (at, index) => near(at, index) ? 64 : 6 + 4 * Math.sin(at * 19 + index),
        0.4,
      ),
    },
  ];
}

const FUNCTIONS: readonly [name: string, place: string][] = [
  ["handle", "service.ts:41"],
  ["renderReport", "report.ts:12"],
  ["formatRow", "report.ts:58"],
  ["query", "database.ts:77"],
  ["parse", "json.ts:9"],
  ["compare", "orders.ts:120"],
  ["encode", "csv.ts:33"],
  ["tokenize", "search.ts:15"],
  ["score", "search.ts:64"],
  ["(garbage collector)", ""],
];

function callTree(seconds: number, random: () => number, depth = 0): FlameNode {
  const [name = "", place = ""] = depth === 0 ? ["all", ""] : FUNCTIONS[Math.floor(random() * FUNCTIONS.length)] ?? [];
  const children: FlameNode[] = [];
  const seen = new Set<string>();
  let rest = seconds * (depth === 0 ? 1 : 0.86);
  while (depth < 11 && rest > seconds * 0.05 && seconds > 0.02) {
    const share = depth === 0 ? 0.45 : 0.25 + random() * 0.6;
    const child = callTree(rest * share, random, depth + 1);
    rest -= rest * share;
    if (seen.has(child.name)) continue;
    seen.add(child.name);
    children.push(child);
  }
  const self = children.reduce((rest, { total }) => rest - total, seconds);
  return { name, place, self, total: seconds, children };
}
