import { defaultRuntime } from "../default_runtime.ts";
import { fileError, KymoError, type KymoErrorCode, quotePath } from "../errors.ts";
import { type OpenFault, SpoolReader } from "../files/spool_reader.ts";
import { pathText } from "../options.ts";
import type { Result } from "../result.ts";
import { FileError, type Files, type Runtime } from "../runtime.ts";
import type { SegmentFault } from "../segment/format.ts";
import { type Observation, observationsOf } from "../segment/observation.ts";
import type { FoundSegment } from "../segment/reader.ts";

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

/**
 * Reads the rows of a spool, `.spools/<channel>.<pid>-<isolate>.<number>.spool`, also while its
 * program is filling it: those that it holds at one moment, from the first on.
 *
 * @throws {KymoError} if it cannot be read (`"not-found"`, `"permission-denied"`, `"io"`), or is
 * not a spool (`"invalid-data"`).
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
export function readSpool(path: string | URL): SpoolReading {
  return readSpoolOn(defaultRuntime(), pathText(path));
}

/** Codes of the reasons why a spool cannot be read, where they are not `"invalid-data"`. */
const SPOOL_ERRORS: Readonly<Partial<Record<OpenFault | SegmentFault, KymoErrorCode>>> = {
  "gone": "not-found",
  "other-version": "unsupported",
  "unstable": "io",
};

/** {@linkcode readSpool} on a given runtime. */
export function readSpoolOn({ files }: Runtime, path: string): SpoolReading {
  let found: ReturnType<typeof readAll>;
  try {
    found = readAll(files, path);
  } catch (error) {
    throw fileError("Cannot read the spool", path, error);
  }
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

function readAll(files: Files, path: string): Result<FoundSegment, OpenFault | SegmentFault> {
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
}
