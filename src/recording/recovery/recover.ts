import { defaultRuntime } from "../../default_runtime.ts";
import { CsvEncoder } from "../../csv/encode.ts";
import { fileError } from "../../errors.ts";
import { checkGiven, isFunction, pathText } from "../../options.ts";
import { FileError, type Files, type Runtime } from "../../runtime.ts";
import { MonitoringDirectory } from "../../files/directory.ts";
import { Recovery, type RecoveryProgress, type RecoverySummary } from "../../files/recovery.ts";

/** How to recover. */
export interface RecoverOptions {
  /** Called with the progress, at least every 10 ms. */
  readonly onProgress?: (progress: RecoveryProgress) => void;
}

/** How long a recovery may hold up the event loop, ns. */
const SLICE_BUDGET = 10_000_000;

/**
 * Publishes what dead programs left in the spools of a monitoring directory, as the next `start`
 * there would do in the background. Spools of running programs are left alone. Can be interrupted
 * at any time: each row is published once.
 *
 * @throws {KymoError} if the directory cannot be read, or an option is wrong. Failures with single
 * spools are in the summary.
 *
 * @example
 * ```ts
 * import { recover } from "@kymo/kymo";
 * import { assertEquals } from "@std/assert";
 * import { mkdirSync, rmSync } from "node:fs";
 *
 * mkdirSync("_recovered");
 * const { spools, rows, damaged, alive, refused, failures } = await recover("_recovered");
 * assertEquals({ spools, rows, damaged, alive, refused }, { spools: 0, rows: 0, damaged: 0, alive: 0, refused: 0 });
 * assertEquals(failures, []);
 * rmSync("_recovered", { recursive: true });
 * ```
 */
export async function recover(monitoringDir: string | URL, options?: RecoverOptions): Promise<RecoverySummary> {
  return await recoverOn(defaultRuntime(), pathText(monitoringDir), options);
}

/** {@linkcode recover} on a given runtime. */
export async function recoverOn(
  { files, timers, clock }: Runtime,
  monitoringDir: string,
  options: RecoverOptions = {},
): Promise<RecoverySummary> {
  const { onProgress = () => {} } = checkGiven<RecoverOptions>("Cannot recover", options, { onProgress: isFunction });
  let path: string;
  try {
    path = files.resolve(monitoringDir);
    const denied = files.denied(path);
    if (denied !== undefined) throw new FileError("DENIED", denied);
    files.list(path);
  } catch (error) {
    throw fileError("Cannot recover", monitoringDir, error);
  }
  const directory = new MonitoringDirectory(files, path, { syncs: canSync(files, path) });
  const recovery = new Recovery({ directory, encoder: new CsvEncoder(), clock });
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

/** Whether files can be synced. If so, a spool is removed only when its rows are on the disk. */
export function canSync(files: Files, path: string): boolean {
  try {
    files.syncDirectory(path);
    return true;
  } catch {
    return false;
  }
}
