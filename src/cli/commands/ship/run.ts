import { counted, formatBytes } from "../../../display/numbers.ts";
import { sanitize } from "../../../display/sanitize.ts";
import { KymoError } from "../../../errors.ts";
import { Shipping } from "../../../ship/shipping.ts";
import type { LaneStatus } from "../../../ship/shipping_status.ts";
import type { CliContext } from "../../context.ts";
import { type ExitCode, exitCode } from "../../exit_codes.ts";
import { jsonText } from "../../../small_json.ts";
import { textAnswer } from "../../input/listening.ts";
import { progressBar } from "../../terminal/progress_bar.ts";
import { SPACED, writeError } from "../../terminal/style.ts";
import { metricsOf } from "./metrics.ts";
import type { ShipOptions } from "./options.ts";

/** ms between two attempts to take a lock that another program holds. */
const STANDBY_INTERVAL = 1_000;

/** ms after which the same failure is told again. */
const REMINDER = 60_000;

/** Ships, and returns the exit code. */
export async function runShipping(options: ShipOptions, context: CliContext): Promise<ExitCode> {
  const { stdout, stderr, onStop, serve } = context;
  const stop = new AbortController();
  const forget = onStop(() => stop.abort());
  const teller = new FailureTeller(context);
  const statusFile = options.statusFile === undefined ? undefined : new StatusFile(options.statusFile, context);
  let shipping: Shipping | undefined;
  using bar = progressBar(context, "Shipping");
  const close = options.metrics === undefined ? undefined : await serve(
    options.metrics,
    (accept) => textAnswer(metricsOf(shipping?.status ?? []), accept),
  );
  try {
    const opened = await open(options, context, {
      signal: stop.signal,
      onChange: (status) => {
        teller.tell(status);
        const { done, total } = progressOf(status);
        bar.update(done, total, `${counted(sum(status, (lane) => lane.rows.shipped), "row")}`);
        statusFile?.write(status);
      },
    });
    if (opened === undefined) return exitCode.ok; // it was stopped before its turn came
    if (opened instanceof KymoError) {
      writeError(stderr, opened.message);
      return exitCode.busy;
    }
    shipping = opened;
    const isDone = await opened.run();
    const { status } = opened;
    teller.end(status);
    statusFile?.write(status, true);
    stdout.write(
      options.json ? `${jsonText({ lanes: status })}\n` : status.map((lane) => `${inWords(lane)}\n`).join(""),
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

  /** While it goes on. */
  tell(status: readonly LaneStatus[]): void {
    for (const { directory, target, state, isRunning, error, letGoError } of status) {
      if (!isRunning) continue;
      const key = `${directory} ${target}`;
      const isOver = this.#tell(key, error, (text) => `${text} (${state}, nothing is lost; trying again)`);
      if (isOver) writeError(this.#context.stderr, `${target}: shipping goes on`);
      this.#tell(`${key} let go`, letGoError, (text) => `Cannot let files go from ${directory}: ${text}`);
    }
  }

  /** When it ends: nothing is tried again. */
  end(status: readonly LaneStatus[]): void {
    for (const { state, error } of status) {
      if (error === undefined) continue;
      writeError(this.#context.stderr, `${sanitize(error)} (${state}, nothing is lost; the next kymo ship goes on)`);
    }
  }

  /** Whether something was told that is over. */
  #tell(key: string, text: string | undefined, inWords: (text: string) => string): boolean {
    const { stderr, now } = this.#context;
    const told = this.#told.get(key);
    if (text === undefined) return this.#told.delete(key);
    if (told?.text === text && now() - told.at <= REMINDER) return false;
    writeError(stderr, inWords(sanitize(text)));
    this.#told.set(key, { text, at: now() });
    return false;
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
      writeFile(this.#path, `${jsonText({ lanes: status })}\n`);
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
