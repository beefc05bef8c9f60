import { counted, formatBytes } from "../../../display/numbers.ts";
import { sanitize } from "../../../display/sanitize.ts";
import { KymoError } from "../../../errors.ts";
import { Shipping } from "../../../ship/shipping.ts";
import type { LaneStatus } from "../../../ship/shipping_status.ts";
import type { CliContext } from "../../context.ts";
import { type ExitCode, exitCode } from "../../exit_codes.ts";
import { progressBar } from "../../terminal/progress_bar.ts";
import { SPACED, writeError } from "../../terminal/style.ts";
import { metricsText } from "./metrics.ts";
import type { ShipOptions } from "./options.ts";

/** ms between two attempts to take a lock that another program holds. */
const STANDBY_INTERVAL = 1_000;

/** ms after which the same failure is told again. */
const REMINDER = 60_000;

/** Ships, and returns the exit code. */
export async function runShipping(options: ShipOptions, context: CliContext): Promise<ExitCode> {
  const { stdout, stderr, onStop, writeFile, serve } = context;
  const stop = new AbortController();
  const forget = onStop(() => stop.abort());
  const teller = new FailureTeller(context);
  let latest: readonly LaneStatus[] = [];
  using bar = progressBar(context, "Shipping");
  const close = options.metrics === undefined ? undefined : await serve(options.metrics, () => metricsText(latest));
  try {
    const opened = await open(options, context, {
      signal: stop.signal,
      onChange: (status) => {
        latest = status;
        teller.tell(status);
        const { done, total } = progressOf(status);
        bar.update(done, total, `${counted(sum(status, (lane) => lane.rows.shipped), "row")}`);
        if (options.statusFile !== undefined) writeFile(options.statusFile, `${toJson(status)}\n`);
      },
    });
    if (opened === undefined) return exitCode.ok; // it was stopped before its turn came
    if (opened instanceof KymoError) {
      writeError(stderr, opened.message);
      return exitCode.busy;
    }
    const isDone = await opened.run();
    const { status } = opened;
    teller.tell(status);
    stdout.write(options.json ? `${toJson(status)}\n` : status.map((lane) => `${inWords(lane)}\n`).join(""));
    for (const { refused } of status) {
      for (const { file, reason } of refused) writeError(stderr, `Not shipped: ${sanitize(file)}: ${sanitize(reason)}`);
    }
    const isWhole = status.every(({ quarantinedPieces, refused }) => quarantinedPieces === 0 && refused.length === 0);
    return isDone && isWhole ? exitCode.ok : exitCode.incomplete;
  } finally {
    forget();
    await close?.();
  }
}

/** Takes the locks; with `standby` as soon as they are free. `undefined` if it is stopped before. */
async function open(
  options: ShipOptions,
  { runtime, stderr }: CliContext,
  { signal, onChange }: {
    readonly signal: AbortSignal;
    readonly onChange: (status: readonly LaneStatus[]) => void;
  },
): Promise<Shipping | KymoError | undefined> {
  for (let isTold = false; !signal.aborted; isTold = true) {
    try {
      return Shipping.open(runtime, { ...options, signal, onChange });
    } catch (error) {
      if (!(error instanceof KymoError && error.code === "invalid-state")) throw error;
      if (!options.standby) return error;
      if (!isTold) writeError(stderr, `${error.message}; waiting for its end`);
      await runtime.timers.sleep(STANDBY_INTERVAL);
    }
  }
  return undefined;
}

/** Tells failures once, again after a minute, and when they have passed. */
class FailureTeller {
  readonly #context: CliContext;
  readonly #told = new Map<string, { readonly text: string; readonly at: number }>();

  constructor(context: CliContext) {
    this.#context = context;
  }

  tell(status: readonly LaneStatus[]): void {
    const { stderr, now } = this.#context;
    for (const { directory, target, state, error } of status) {
      const key = `${directory} ${target}`;
      const told = this.#told.get(key);
      if (error === undefined) {
        if (told !== undefined) writeError(stderr, `${target}: shipping goes on`);
        this.#told.delete(key);
      } else if (told?.text !== error || now() - told.at > REMINDER) {
        writeError(stderr, `${sanitize(error)} (${state}, nothing is lost; trying again)`);
        this.#told.set(key, { text: error, at: now() });
      }
    }
  }
}

function progressOf(status: readonly LaneStatus[]): { readonly done: number; readonly total: number } {
  const done = sum(status, ({ files }) => files);
  return { done, total: done + sum(status, ({ waitingFiles }) => waitingFiles) };
}

/** `_monitoring → postgres://db/telemetry: 1,200 rows of 3 files, exactly once; 2 files wait`. */
function inWords(
  { directory, target, rows, files, bytes, waitingFiles, quarantinedPieces, guarantee }: LaneStatus,
): string {
  const parts = [
    `${counted(rows.shipped, "row")} (${formatBytes(bytes, SPACED)}, ${counted(files, "file")})`,
    ...rows.already > 0 ? [`${counted(rows.already, "row")} were there`] : [],
    ...waitingFiles > 0 ? [`${counted(waitingFiles, "file")} not shipped yet`] : [],
    ...quarantinedPieces > 0 ? [`${counted(rows.quarantined, "row")} in quarantine`] : [],
  ];
  return sanitize(`${directory} → ${target}, ${guarantee}: ${parts.join("; ")}.`);
}

/** The lanes as one JSON object; ns as texts. */
export function toJson(lanes: readonly LaneStatus[]): string {
  return JSON.stringify({ lanes }, (_, value) => typeof value === "bigint" ? String(value) : value);
}

function sum(status: readonly LaneStatus[], of: (lane: LaneStatus) => number): number {
  return status.reduce((total, lane) => total + of(lane), 0);
}
