import { counted, formatBytes } from "../../../display/numbers.ts";
import { sanitize } from "../../../display/sanitize.ts";
import { KymoError } from "../../../errors.ts";
import { Shipping } from "../../../ship/shipping.ts";
import type { LaneStatus } from "../../../ship/shipping_status.ts";
import type { CliContext } from "../../context.ts";
import { type ExitCode, exitCode } from "../../exit_codes.ts";
import { jsonLine } from "../../terminal/json_output.ts";
import { textAnswer } from "../../input/listening.ts";
import { openOrStandBy } from "../../input/standby.ts";
import { FailureTeller } from "../../terminal/failure_teller.ts";
import { SPACED, writeError } from "../../terminal/style.ts";
import { metricsOf } from "./metrics.ts";
import type { ShipOptions } from "./options.ts";

/** Ships, and returns the exit code. */
export async function runShipping(options: ShipOptions, context: CliContext): Promise<ExitCode> {
  const { runtime, stdout, stderr, onStop, serve } = context;
  const stop = new AbortController();
  const { signal } = stop;
  const forget = onStop(() => stop.abort());
  const failures = new LaneFailures(context);
  const statusFile = options.statusFile === undefined ? undefined : new StatusFile(options.statusFile, context);
  let shipping: Shipping | undefined;
  using bar = stderr.movesCursor
    ? (await import("../../terminal/progress_bar.ts")).progressBar(context, "Shipping")
    : undefined;
  const close = options.metrics === undefined ? undefined : await serve(
    options.metrics,
    (accept) => textAnswer(metricsOf(shipping?.status ?? []), accept),
  );
  try {
    const shippingOptions = {
      ...options,
      signal,
      onChange: (status: readonly LaneStatus[]) => {
        failures.tell(status);
        const { done, total } = progressOf(status);
        bar?.update(done, total, `${counted(sum(status, (lane) => lane.rows.shipped), "row")}`);
        statusFile?.write(status);
      },
    };
    const opened = await openOrStandBy(
      () => Shipping.open(runtime, shippingOptions),
      { standby: options.standby, signal },
      context,
    );
    if (opened === undefined) return exitCode.ok; // it was stopped before its turn came
    if (opened instanceof KymoError) {
      writeError(stderr, opened.message);
      return exitCode.busy;
    }
    shipping = opened;
    const isDone = await opened.run();
    const { status } = opened;
    failures.end(status);
    statusFile?.write(status, true);
    stdout.write(
      options.json ? jsonLine("ship", { lanes: status }) : status.map((lane) => `${inWords(lane)}\n`).join(""),
    );
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

/** Tells what fails in each lane. */
class LaneFailures {
  readonly #context: CliContext;
  readonly #tellers = new Map<string, FailureTeller>();

  constructor(context: CliContext) {
    this.#context = context;
  }

  /** While it goes on. */
  tell(status: readonly LaneStatus[]): void {
    for (const { directory, target, state, isRunning, error, letGoError } of status) {
      if (!isRunning) continue;
      const key = `${directory} ${target}`;
      this.#teller(key).tell(error, {
        inWords: (text) => `${text} (${state}, nothing is lost; trying again)`,
        over: `${target}: shipping goes on`,
      });
      this.#teller(`${key} let go`).tell(letGoError, {
        inWords: (text) => `Cannot let files go from ${directory}: ${text}`,
      });
    }
  }

  /** When it ends: nothing is tried again. */
  end(status: readonly LaneStatus[]): void {
    for (const { state, error } of status) {
      if (error === undefined) continue;
      writeError(this.#context.stderr, `${sanitize(error)} (${state}, nothing is lost; the next kymo ship goes on)`);
    }
  }

  #teller(key: string): FailureTeller {
    let teller = this.#tellers.get(key);
    if (teller === undefined) this.#tellers.set(key, teller = new FailureTeller(this.#context));
    return teller;
  }
}

/** ms between two writings of the file. */
const STATUS_INTERVAL = 2_000;

/** The file with the status. If it cannot be written, that is told once: the rows matter more. */
class StatusFile {
  readonly #path: string;
  readonly #context: CliContext;
  #next = -Infinity;
  #isTold = false;

  constructor(path: string, context: CliContext) {
    this.#path = path;
    this.#context = context;
  }

  write(status: readonly LaneStatus[], isLast = false): void {
    const { now, writeFile, stderr } = this.#context;
    if (now() < this.#next && !isLast) return;
    this.#next = now() + STATUS_INTERVAL;
    try {
      writeFile(this.#path, jsonLine("ship", { lanes: status }));
      this.#isTold = false;
    } catch (error) {
      if (!(error instanceof KymoError)) throw error;
      if (!this.#isTold) writeError(stderr, error.message);
      this.#isTold = true;
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

function sum(status: readonly LaneStatus[], of: (lane: LaneStatus) => number): number {
  return status.reduce((total, lane) => total + of(lane), 0);
}
