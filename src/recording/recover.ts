import { defaultRuntime } from "../default_runtime.ts";
import { CsvEncoder } from "../csv/encode.ts";
import { fileError, KymoError, type KymoErrorCode, quotePath } from "../errors.ts";
import type { SegmentFault } from "../segment/format.ts";
import { type Observation, observationsOf } from "../segment/observation.ts";
import { checkGiven, isFunction } from "../options.ts";
import { FileError, type Files, type Runtime } from "../runtime.ts";
import { MonitoringDirectory } from "../files/directory.ts";
import { type OpenFault, SpoolReader } from "../files/spool_reader.ts";
import { Recovery, type RecoveryProgress, type RecoverySummary } from "../files/recovery.ts";

/** How to recover. */
export interface RecoverOptions {
  /** Called with the progress, at least every 10 ms. */
  readonly onProgress?: (progress: RecoveryProgress) => void;
}

/** What a spool holds. */
export interface SpoolReading {
  /** The channel that its rows belong to. */
  readonly channel: string;
  /** Process that fills it, or filled it. */
  readonly pid: number;
  /** Isolate of that process: eight hexadecimal digits. */
  readonly isolate: string;
  /** Its rows, in the order in which they were recorded. */
  readonly observations: readonly Observation[];
  /** Further rows that cannot be read, because the spool is damaged. */
  readonly damaged: number;
}

/** How long a recovery may hold up the event loop, ns. */
const SLICE_BUDGET = 10_000_000;

/**
 * Publishes what dead programs left in the spools of a monitoring directory, as the next `start` there would
 * do in the background. Spools of running programs are left alone. Can be interrupted at any time: each row
 * is published once.
 *
 * @throws {KymoError} if the directory cannot be read, or an option is wrong. Failures with single spools are
 * in the summary.
 *
 * @example
 * ```ts
 * import { recover } from "@kymo/kymo";
 * import { assertEquals } from "@std/assert";
 * import { mkdirSync, rmSync } from "node:fs";
 *
 * mkdirSync("_recovered");
 * const { spools, rows, damaged, alive, failures } = await recover("_recovered");
 * assertEquals({ spools, rows, damaged, alive, failures }, { spools: 0, rows: 0, damaged: 0, alive: 0, failures: [] });
 * rmSync("_recovered", { recursive: true });
 * ```
 */
export async function recover(monitoringDir: string, options?: RecoverOptions): Promise<RecoverySummary> {
  return await recoverOn(defaultRuntime(), monitoringDir, options);
}

/**
 * Reads the rows of a spool, `.spools/<channel>.<pid>-<isolate>.<number>.spool`, also while its program is
 * filling it: those that it holds at one moment, from the first on.
 *
 * @throws {KymoError} if it cannot be read (`"not-found"`, `"permission-denied"`, `"io"`), or is not a spool
 * (`"invalid-data"`).
 *
 * @example
 * ```ts
 * import { observe, readSpool, start, stop } from "@kymo/kymo";
 * import { assertEquals } from "@std/assert";
 * import { readdirSync, rmSync } from "node:fs";
 *
 * start({ monitoringDir: "_read_while_recording" });
 * observe("queue length", 17);
 *
 * // Any other program may do this:
 * const [name] = readdirSync("_read_while_recording/.spools").filter((name) => /^custom\..*\.spool$/.test(name));
 * const [first] = readSpool(`_read_while_recording/.spools/${name}`).observations;
 * assertEquals([first?.label, first?.measurement], ["queue length", 17]);
 *
 * await stop();
 * rmSync("_read_while_recording", { recursive: true });
 * ```
 */
export function readSpool(path: string): SpoolReading {
  return readSpoolOn(defaultRuntime(), path);
}

/** {@linkcode recover} on a given runtime. */
export async function recoverOn(
  { files, timers, clock }: Runtime,
  monitoringDir: string,
  options: RecoverOptions = {},
): Promise<RecoverySummary> {
  const { onProgress = () => {} } = checkGiven<RecoverOptions>("Cannot recover", options, { onProgress: isFunction });
  const path = attempt("Cannot recover", monitoringDir, () => {
    const resolved = files.resolve(monitoringDir);
    const denied = files.denied(resolved);
    if (denied !== undefined) throw new FileError("DENIED", denied);
    files.list(resolved);
    return resolved;
  });
  const directory = new MonitoringDirectory(files, path, canSync(files, path));
  const recovery = new Recovery({ directory, encoder: new CsvEncoder() });
  let sliceStart = clock.now();
  for (const delay of recovery.run()) {
    if (delay === 0 && clock.now() - sliceStart < SLICE_BUDGET) continue;
    onProgress(recovery.progress);
    await timers.sleep(delay);
    sliceStart = clock.now();
  }
  onProgress(recovery.progress);
  return recovery.summary;
}

/** Codes of the reasons why a spool cannot be read, where they are not `"invalid-data"`. */
const SPOOL_ERRORS: Readonly<Partial<Record<OpenFault | SegmentFault, KymoErrorCode>>> = {
  "gone": "not-found",
  "other-version": "unsupported",
  "unstable": "io",
};

/** {@linkcode readSpool} on a given runtime. */
export function readSpoolOn({ files }: Runtime, path: string): SpoolReading {
  const found = attempt("Cannot read the spool", path, () => {
    const resolved = files.resolve(path);
    const denied = files.denied(resolved);
    if (denied !== undefined) throw new FileError("DENIED", denied);
    const spool = SpoolReader.open(files, resolved);
    if (!spool.ok) return spool;
    try {
      return spool.value.read();
    } finally {
      spool.value.close();
    }
  });
  if (!found.ok) {
    throw new KymoError(
      SPOOL_ERRORS[found.kind] ?? "invalid-data",
      `Cannot read the spool: ${quotePath(path)}: ${found.reason}`,
    );
  }
  const { segment, damaged } = found.value;
  const { channel, pid, isolate } = segment.owner;
  return { channel, pid, isolate, observations: observationsOf(segment), damaged };
}

/** Whether files can be synced. If so, a spool is removed only when its rows are on the disk. */
function canSync(files: Files, path: string): boolean {
  try {
    files.syncDirectory(path);
    return true;
  } catch {
    return false;
  }
}

function attempt<T>(action: string, path: string, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    throw fileError(action, path, error);
  }
}
