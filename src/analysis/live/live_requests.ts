import { FAILED_OUTCOMES, type FailedOutcome, parseRequestLabel } from "../../http/request_labels.ts";
import { CHANNELS } from "../../series.ts";
import type { LiveSeries } from "./live_series.ts";

/** The requests of a route in an interval. */
export interface LiveRequest {
  /** The route or path, such as `/orders/:id`. */
  readonly route: string;
  /** The method, such as `GET`. */
  readonly verb: string;
  /** The process, if series of several processes are kept apart; see {@linkcode LiveSeries}. */
  readonly pid?: number;
  readonly isolate?: string;
  /** Requests that ended in the interval, and requests per second. */
  readonly count: number;
  readonly rate: number;
  /** Those of them that failed, also per second, and as a part of all: 1 if all failed. */
  readonly failed: number;
  readonly failedRate: number;
  /** `null` if there was no request. */
  readonly failedShare: number | null;
  /** The failed ones by what went wrong, if it has gone wrong in the last minute or so. */
  readonly failures: Readonly<Partial<Record<FailedOutcome, number>>>;
}

/** The requests among some series, by route and method. */
export function requestsOf(series: readonly LiveSeries[], seconds: number): LiveRequest[] {
  const requests = series.flatMap((one) => {
    const parts = one.channel === CHANNELS.duration ? parseRequestLabel(one.label) : undefined;
    return parts === undefined ? [] : [{ ...one, ...parts }];
  });
  const groups = Map.groupBy(requests, ({ route, verb, pid, isolate }) => JSON.stringify([route, verb, pid, isolate]));
  return [...groups.values()].map((group) => {
    const { route, verb, pid, isolate } = group[0]!;
    const count = group.reduce((sum, one) => sum + one.count, 0);
    const failures = Object.fromEntries(FAILED_OUTCOMES.flatMap((outcome) => {
      const series = group.find((one) => one.outcome === outcome);
      return series === undefined ? [] : [[outcome, series.count] as const];
    }));
    const failed = Object.values(failures).reduce((sum, one) => sum + one, 0);
    return {
      route,
      verb,
      ...pid === undefined ? {} : { pid },
      ...isolate === undefined ? {} : { isolate },
      count,
      rate: count / seconds,
      failed,
      failedRate: failed / seconds,
      failedShare: count > 0 ? failed / count : null,
      failures,
    };
  });
}
