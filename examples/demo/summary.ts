import type { RecordedFile, Recording, Series } from "./recording.ts";
import { describe, type Statistics } from "./statistics.ts";
import { type Column, formatTable } from "./table.ts";
import { formatBytes, formatNumber, formatSeconds } from "./units.ts";

/** A process that was recorded: the files know it by its PID. */
export interface Process {
  /** Process id. */
  readonly pid: number;
  /** Runtime and version. */
  readonly runtime: string;
}

/** How often each label was measured in each process, and how long it took. */
export function durationTable(recording: Recording, processes: readonly Process[]): string {
  const columns = ["count", "rate/s", "mean", "p50", "p95", "p99", "max"];
  return labelTable("duration", columns, recording, processes, ({ pid, measurements }) => {
    const { count, mean, p50, p95, p99, max } = describe(measurements);
    const span = recording.spans.get(pid) ?? 0;
    const rate = span > 0 ? (count / span).toFixed(1) : "";
    return [formatNumber(count), rate, ...[mean, p50, p95, p99, max].map(formatSeconds)];
  });
}

/** What the service observed of itself, in units of its own. */
export function customTable(recording: Recording, processes: readonly Process[]): string {
  return labelTable(
    "custom",
    ["count", "mean", "p50", "p95", "p99", "max"],
    recording,
    processes,
    ({ measurements }) => {
      const { count, mean, p50, p95, p99, max } = describe(measurements);
      return [formatNumber(count), mean.toFixed(2), ...[p50, p95, p99, max].map(formatNumber)];
    },
  );
}

/** A row per label and process; the label stands in the first of its rows. */
function labelTable(
  prefix: string,
  columns: readonly string[],
  { series }: Recording,
  processes: readonly Process[],
  describeSeries: (series: Series) => string[],
): string {
  const ofPrefix = series.filter((one) => one.prefix === prefix);
  const labels = [...new Set(ofPrefix.map(({ label }) => label))].sort();
  const rows = labels.flatMap((label) =>
    processes
      .flatMap(({ pid, runtime }) => {
        const one = ofPrefix.find((one) => one.label === label && one.pid === pid);
        return one === undefined ? [] : [[nameOf(runtime), ...describeSeries(one)]];
      })
      .map((cells, i) => [i === 0 ? label : "", ...cells])
  );
  return formatTable([{ title: "label" }, { title: "runtime" }, ...columns.map(numeric)], rows);
}

type Tell = (measurements: readonly number[]) => string;

/** What is told of the runtime series: the label, which of its measurements, and how they are said. */
const RUNTIME_ROWS: readonly (readonly [label: string, what: string, tell: Tell])[] = [
  ["rss", "last", last(formatBytes)],
  ["max rss", "last", last(formatBytes)],
  ["heap used", "mean", statistic("mean", formatBytes)],
  ["heap used", "max", statistic("max", formatBytes)],
  ["gc collections", "last", last(formatNumber)],
  ["gc collected", "last", last(formatBytes)],
  ["gc pause", "total", statistic("total", formatSeconds)],
  ["gc pause", "max", statistic("max", formatSeconds)],
  ["user time", "spent", spent],
  ["system time", "spent", spent],
  ["event loop lag", "max", statistic("max", formatSeconds)],
];

function last(format: (value: number) => string): Tell {
  return (measurements) => format(measurements.at(-1)!);
}

function statistic(name: keyof Statistics, format: (value: number) => string): Tell {
  return (measurements) => format(describe(measurements)[name]);
}

/** Processor time is counted from the beginning of the process; what was spent before it was recorded is left out. */
function spent(measurements: readonly number[]): string {
  return formatSeconds(measurements.at(-1)! - measurements[0]!);
}

/** Memory, garbage collection, processor time and event loop, with a column per process. */
export function runtimeTable({ series }: Recording, processes: readonly Process[]): string {
  const rows = RUNTIME_ROWS.map(([label, what, tell]) => {
    const cells = processes.map(({ pid }) => {
      const one = series.find((one) => one.prefix === "runtime" && one.label === label && one.pid === pid);
      return one === undefined ? "–" : tell(one.measurements);
    });
    return [label, what, ...cells];
  });
  return formatTable(
    [{ title: "label" }, { title: "" }, ...processes.map(({ runtime, pid }) => numeric(`${runtime} (PID ${pid})`))],
    rows,
  );
}

/** The files; those of one process and prefix in one row. */
export function fileTable({ files }: Recording): string {
  const groups = Map.groupBy(files, ({ name }) => name.replace(/-\d+(-\d+)?(\.\w+)$/, "-*$2"));
  const rows = [...groups].map(([pattern, group]) => {
    const sum = (of: (file: RecordedFile) => number) => group.reduce((sum, file) => sum + of(file), 0);
    const name = group.length === 1 ? group[0]!.name : `${pattern} (${group.length} files)`;
    const isCsv = group[0]!.rows !== undefined;
    return [name, formatBytes(sum(({ size }) => size)), isCsv ? formatNumber(sum(({ rows }) => rows ?? 0)) : ""];
  });
  return formatTable([{ title: "file" }, numeric("size"), numeric("rows")], rows);
}

function numeric(title: string): Column {
  return { title, numeric: true };
}

/** `deno` of `deno 2.9.6`. */
function nameOf(runtime: string): string {
  return runtime.split(" ", 1)[0]!;
}
