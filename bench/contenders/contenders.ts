import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "../harness/published_files.ts";
import { bareClock } from "./bare_clock.ts";
import type { Contender, Recording } from "./contender.ts";
import { handWritten } from "./hand_written.ts";
import { kymo } from "./kymo.ts";
import { openTelemetry } from "./open_telemetry.ts";
import { pinoFile } from "./pino_file.ts";
import { promClientObserve, promClientTimer } from "./prom_client.ts";
import { userTiming } from "./user_timing.ts";

/** All that are compared; the first is what they are compared with. */
export const contenders: readonly Contender[] = [
  bareClock,
  kymo,
  promClientObserve,
  promClientTimer,
  openTelemetry,
  handWritten,
  userTiming,
  pinoFile,
];

const CHECKED_SAMPLES = 1_000;

/** All contenders, recording, until they are disposed of. */
export interface Field {
  /** What each one records, by its name. */
  readonly recordings: Readonly<Record<string, Recording>>;
  /**
   * Ends them, and checks that each recorded so many samples, if a number is given.
   *
   * @throws {Error} if one did not.
   */
  readonly end: (samples?: number) => Promise<void>;
  /** Removes what they wrote. */
  readonly remove: () => void;
}

/**
 * Checks that each contender records what it is timed for, one after the other; then begins all.
 *
 * @throws {Error} if one does not.
 */
export async function beginAll(): Promise<Field> {
  const directory = temporaryDirectory();
  const remove = (): void => directory[Symbol.dispose]();
  const begin = (contender: Contender): Recording => contender.begin(mkdtempSync(join(directory.path, "contender-")));
  try {
    for (const contender of contenders) {
      const recording = begin(contender);
      recording.run(CHECKED_SAMPLES);
      await endOne(contender.name, recording, CHECKED_SAMPLES);
    }
    const recordings = Object.fromEntries(contenders.map((contender) => [contender.name, begin(contender)]));
    return {
      recordings,
      async end(samples) {
        for (const [name, recording] of Object.entries(recordings)) await endOne(name, recording, samples);
      },
      remove,
    };
  } catch (error) {
    remove();
    throw error;
  }
}

async function endOne(name: string, recording: Recording, expected: number | undefined): Promise<void> {
  const recorded = await recording.end();
  if (expected !== undefined && recorded !== expected) {
    throw new Error(`Cannot compare ${name}: it recorded ${recorded} samples, not ${expected}`);
  }
}
