import { type ProcessId, processKey } from "../../files/names.ts";
import type { ProgramRecord } from "../../files/program_record.ts";
import { NANOSECONDS_PER_SECOND } from "../../series.ts";
import type { RecordFollower } from "./record_follower.ts";
import type { RowSource } from "./row_source.ts";

/** Clocks may be set, and an end may be noted before the last rows are, ns. */
const TOLERANCE = 2 * NANOSECONDS_PER_SECOND;

/**
 * Finds which process recorded a row of a file that all append to. Such a row has the PID only,
 * which several programs may have: containers, workers, and programs one after the other.
 */
export class RowAttribution {
  readonly #records: RecordFollower;
  readonly #base: bigint;
  readonly #sources = new Map<string, RowSource>();

  /** `base` is the zero of the times of rows, ns since 1970. */
  constructor(records: RecordFollower, base: bigint) {
    this.#records = records;
    this.#base = base;
  }

  /**
   * The source with its isolate, if only one program can have recorded the row; else the source as
   * it is.
   */
  sourceOf(source: RowSource, time: number): RowSource {
    if (source.isolate !== "") return source;
    const records = this.#records.ofPid(source.pid);
    const [record, ...others] = records.length < 2 ? records : records.filter((one) => this.#lived(one, time));
    return record === undefined || others.length > 0 ? source : this.#with(source, record);
  }

  #lived({ started, end }: ProgramRecord, time: number): boolean {
    return time >= Number(started - this.#base) - TOLERANCE &&
      (end === undefined || time <= Number(end.at - this.#base) + TOLERANCE);
  }

  #with({ channel, pid, kind }: RowSource, { isolate }: ProcessId): RowSource {
    const key = `${channel}.${processKey({ pid, isolate })}`;
    const known = this.#sources.get(key);
    if (known !== undefined) return known;
    const source = { channel, pid, isolate, kind };
    this.#sources.set(key, source);
    return source;
  }
}
