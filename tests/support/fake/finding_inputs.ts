import { parseRequestLabel, requestLabel } from "../../../src/http/request_labels.ts";
import type { FindingInputs } from "../../../src/report/findings/finding_inputs.ts";
import { DURATION_BUCKETS, partOfBucket } from "../../../src/report/shared/report_buckets.ts";
import type { DurationData, FlameNode, QuantityData } from "../../../src/report/shared/report_data.ts";
import { processOf } from "./report_data.ts";

/** A recording of ten minutes, in 100 bins. */
export const BINS = { width: 6e9, count: 100 };

/**
 * A series of 1,000 durations in each process. `pace`: the median in seconds, by time (0 to 1) and PID. (PIDs are from 1, processes from 0.)
 */
export function series(
  label: string,
  pace: number | ((time: number, pid: number) => number),
  { p99 = 3, pids = [1], count = 1_000 } = {},
): DurationData {
  const at = typeof pace === "number" ? () => pace : pace;
  const statistics = (p50: number, count: number) => ({
    count,
    sum: count * p50,
    mean: p50,
    min: p50 / 2,
    p50,
    p90: p99 * p50 / 2,
    p99: p99 * p50,
    p999: p99 * p50,
    max: 2 * p99 * p50,
  });
  const bin = Array.from({ length: BINS.count }, (_, bin) => bin);
  const mean = pids.reduce((sum, pid) => sum + at(0.5, pid), 0) / pids.length;
  const parts = parseRequestLabel(label);
  return {
    label,
    ...parts && { request: { route: requestLabel({ ...parts, outcome: "ok" }), outcome: parts.outcome } },
    statistics: statistics(mean, count * pids.length),
    processes: pids.map((pid) => {
      const paces = bin.map((bin) => at(bin / BINS.count, pid));
      return {
        process: pid - 1,
        statistics: statistics(at(0.5, pid), count),
        cells: {
          bin,
          min: paces,
          max: paces,
          sum: paces,
          buckets: paces.map((pace) => {
            const bucket = DURATION_BUCKETS.indexOf(pace);
            const part = partOfBucket(bucket, pace);
            return [bucket, count / BINS.count, part, part];
          }),
        },
      };
    }),
  };
}

/** A level of process 1 by time (0 to 1). */
export function level(label: string, unit: QuantityData["unit"], at: (time: number) => number, pid = 1): QuantityData {
  const bin = Array.from({ length: BINS.count }, (_, bin) => bin);
  const mean = bin.map((bin) => at(bin / (BINS.count - 1)));
  const count = bin.map(() => 6);
  return {
    label,
    channel: "runtime",
    unit,
    kind: "level",
    processes: [{ process: pid - 1, bin, min: mean, mean, max: mean, count }],
  };
}

/** A function in a flame graph. */
export function frame(name: string, self: number, ...children: FlameNode[]): FlameNode {
  return { name, place: "main.ts:1", self, total: children.reduce((sum, { total }) => sum + total, self), children };
}

/** A recording in which nothing stands out but what is given. */
export function inputs(different: Partial<FindingInputs>, pids: readonly number[] = [1]): FindingInputs {
  const span = BINS.width * BINS.count;
  return {
    format: 1,
    title: "",
    kymo: "",
    made: "",
    from: "0",
    span,
    rows: 10_000,
    bins: BINS,
    processes: pids.map((pid, line) => processOf(pid, line, 100, span)),
    lines: pids.map((pid) => ({ name: `PID ${pid}`, short: `PID ${pid}` })),
    pauses: [],
    marks: [],
    modes: new Map(),
    steps: new Map(),
    programs: [],
    durations: [],
    quantities: [],
    profiles: [],
    unread: { rows: 0, problems: [] },
    stalls: [],
    gcPauses: [],
    notFinite: [],
    ...different,
  };
}
