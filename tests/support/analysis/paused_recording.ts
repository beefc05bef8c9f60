import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { programFileName } from "../../../src/files/names.ts";
import { encodeProgramRecord, type ProgramEnd } from "../../../src/files/program_record.ts";
import { programRecord } from "../fake/program_record.ts";
import { BEGIN, csv, type Row } from "./report_recording.ts";

/** What each program of these recordings records ten times a second. */
export const ROUTE = "/orders [GET]";

/**
 * A program of the service `orders` that records a request each 100 ms, and the runtime each
 * second.
 */
export interface PlantedLife {
  /** Eight hexadecimal digits. */
  readonly isolate: string;
  /** Seconds after {@linkcode BEGIN} between which it records. */
  readonly from: number;
  readonly to: number;
  /** How it ended, at `to` or another time; it has no end by default. */
  readonly end?: Omit<ProgramEnd, "at"> & { readonly at?: number };
  /** Times in which its recording is off, as its rows say, in seconds; without an end: for ever. */
  readonly off?: readonly (readonly [from: number, to?: number])[];
  /** Times in which it records nothing, without saying so, in seconds. */
  readonly quiet?: readonly (readonly [from: number, to: number])[];
  /** More rows of the runtime. */
  readonly switches?: readonly Row[];
}

/** Writes what programs recorded, with their records, in layout `segments`. */
export function plant(directory: string, lives: readonly PlantedLife[]): void {
  for (const life of lives) {
    const { isolate, end } = life;
    const { durations, runtime } = rowsOf(life);
    writeFileSync(join(directory, `duration.1-${isolate}-000001.csv`), csv(durations));
    writeFileSync(join(directory, `runtime.1-${isolate}-000001.csv`), csv(runtime));
    const { at = life.to, ...how } = end ?? {};
    const record = programRecord({
      isolate,
      started: timepoint(life.from),
      ...end === undefined ? {} : { end: { how: "stop", ...how, at: timepoint(at) } },
    });
    writeFileSync(join(directory, programFileName(record)), encodeProgramRecord(record));
  }
}

/** Writes the same in layout `append`, without records. */
export function plantAppended(directory: string, life: PlantedLife): void {
  const { durations, runtime } = rowsOf(life);
  writeFileSync(join(directory, "duration.csv"), csv(durations));
  writeFileSync(join(directory, "runtime.csv"), csv(runtime));
}

/** The timepoint of a number of seconds after the beginning. */
export function timepoint(seconds: number): bigint {
  return BEGIN + BigInt(Math.round(seconds * 1e9));
}

function rowsOf({ from, to, off = [], quiet = [], switches = [] }: PlantedLife) {
  const times = (step: number): number[] =>
    Array.from({ length: Math.round((to - from) / step) }, (_, i) => from + i * step)
      .filter((time) => ![...off, ...quiet].some(([begin, end = Infinity]) => time >= begin && time < end));
  const durations = times(0.1).map((time): Row => [time, 0.01, ROUTE]);
  const runtime = times(1).flatMap((time): Row[] => [
    [time, 100e6, "rss"],
    [time, time / 4, "user time"],
    [time, 0, "system time"],
    [time, 0.001, "event loop lag"],
  ]);
  const switched = off.flatMap(([begin, end]): Row[] => [
    [begin, 0, "recording"],
    ...end === undefined ? [] : [[end, 1, "recording"] as const],
  ]);
  return { durations, runtime: [...runtime, ...switched, ...switches] };
}
