import { CsvEncoder } from "../csv/encode.ts";
import { fileErrorCode, KymoError, quotePath, reason } from "../errors.ts";
import type { Observation } from "../segment/observation.ts";
import { observationsOf } from "../segment/observation.ts";
import { checkGiven, isFunction } from "../options.ts";
import { FileError, type Files, type Runtime } from "../runtime.ts";
import { MonitoringDirectory } from "../files/directory.ts";
import { readSpoolFile } from "../files/spool_reader.ts";
import { Recovery, type RecoveryProgress, type RecoverySummary } from "../files/recovery.ts";

/** How to recover. */
export interface RecoverOptions {
  /** Is told from time to time how far it has come. */
  readonly onProgress?: (progress: RecoveryProgress) => void;
}

/** What a spool holds. */
export interface SpoolReading {
  /** First part of the name of the file that its rows will be in. */
  readonly channel: string;
  /** Process that fills it, or did. */
  readonly pid: number;
  /** The isolate's own name, eight hexadecimal digits. */
  readonly isolate: string;
  /** Its rows, in the order in which they came. */
  readonly observations: readonly Observation[];
  /** Further rows that cannot be read, because it is damaged. */
  readonly damaged: number;
}

/** How long is worked before the event loop may turn, ns. */
const TURN_BUDGET = 10_000_000;

/** Publishes what programs left that died. See `recover` of the module. */
export async function recoverWith(
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
  let turn = clock.now();
  for (const delay of recovery.run()) {
    if (delay === 0 && clock.now() - turn < TURN_BUDGET) continue;
    onProgress(recovery.progress);
    await timers.sleep(delay);
    turn = clock.now();
  }
  onProgress(recovery.progress);
  return recovery.summary;
}

/** Reads a spool, whoever fills it. See `readSpool` of the module. */
export function readSpoolWith({ files }: Runtime, path: string): SpoolReading {
  const found = attempt("Cannot read the spool", path, () => {
    const resolved = files.resolve(path);
    const denied = files.denied(resolved);
    if (denied !== undefined) throw new FileError("DENIED", denied);
    const kind = files.status(resolved)?.kind ?? "file";
    if (kind !== "file") return `it is not a file but a ${kind}`; // opening a pipe would wait for a writer
    const handle = files.open(resolved, "read");
    try {
      return readSpoolFile(handle);
    } finally {
      handle.close();
    }
  });
  if (typeof found === "string") throw new KymoError("io", `Cannot read the spool: ${quotePath(path)}: ${found}`);
  const { segment, damaged } = found;
  const { channel, pid, isolate } = segment.owner;
  return { channel, pid, isolate, observations: observationsOf(segment), damaged };
}

/** Spools are removed once their rows are in files, which had better be on the disk then, where that is possible. */
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
    throw new KymoError(fileErrorCode(error), `${action}: ${quotePath(path)}: ${reason(error)}`, { cause: error });
  }
}
