import { decode } from "@kymo/kymo";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";

/** All observations that one process made under one label. */
export interface Series {
  /** Prefix of the files: `duration`, `runtime`, `custom`. */
  readonly prefix: string;
  /** As given to Kymo. */
  readonly label: string;
  /** Of the process. */
  readonly pid: number;
  /** In the order of the files. */
  readonly measurements: number[];
}

/** A file of the monitoring directory. */
export interface RecordedFile {
  /** Without the directory. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Observations in it; `undefined` if it is not a CSV file. */
  readonly rows: number | undefined;
  /** Of the process that wrote it. */
  readonly pid: number;
}

/** What some processes left in a monitoring directory. */
export interface Recording {
  /** In order of file name and first observation. */
  readonly series: readonly Series[];
  /** By name. */
  readonly files: readonly RecordedFile[];
  /** From the first to the last duration sample of each process, seconds, by PID. */
  readonly spans: ReadonlyMap<number, number>;
}

/** Reads what the processes with these PIDs wrote. A file's name bears the PID: `<prefix>.<pid>-<isolate>-<sequence>.csv`. */
export async function readRecording(directory: string, pids: readonly number[]): Promise<Recording> {
  const series = new Map<string, Series>();
  const files: RecordedFile[] = [];
  const ends = new Map<number, { first: bigint; last: bigint }>();
  for (const name of (await readdir(directory)).sort()) {
    const [, prefix, digits] = /^([\w-]+)\.(\d+)\b.*\.(?:csv|cpuprofile)$/.exec(name) ?? [];
    const pid = Number(digits);
    if (prefix === undefined || !pids.includes(pid)) continue;
    const path = join(directory, name);
    const observations = name.endsWith(".csv") ? decode(await readFile(path, "utf8")) : undefined;
    files.push({ name, pid, size: (await stat(path)).size, rows: observations?.length });
    for (const { timepoint, measurement, label, pid } of observations ?? []) {
      const key = `${prefix} ${pid} ${label}`;
      let one = series.get(key);
      if (one === undefined) series.set(key, one = { prefix, label, pid, measurements: [] });
      one.measurements.push(measurement);
      if (prefix !== "duration") continue;
      const end = ends.get(pid);
      if (end === undefined) ends.set(pid, { first: timepoint, last: timepoint });
      else if (timepoint > end.last) end.last = timepoint;
      else if (timepoint < end.first) end.first = timepoint;
    }
  }
  const spans = new Map([...ends].map(([pid, { first, last }]) => [pid, Number(last - first) / 1e9]));
  return { series: [...series.values()], files, spans };
}
