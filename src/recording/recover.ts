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

/** Codes of the reasons why a spool cannot be read, where they are not `"invalid-data"`. */
const SPOOL_ERRORS: Readonly<Partial<Record<OpenFault | SegmentFault, KymoErrorCode>>> = {
  "gone": "not-found",
  "other-version": "unsupported",
  "unstable": "io",
};

/** Reads a spool, whoever fills it. See `readSpool` of the module. */
export function readSpoolWith({ files }: Runtime, path: string): SpoolReading {
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
    throw fileError(action, path, error);
  }
}
