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

/** All contenders; the first is the baseline. */
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

/** All contenders, recording. */
export interface Field {
  /** Recordings by name. */
  readonly recordings: Readonly<Record<string, Recording>>;
  /**
   * Stops them, and checks that each recorded `samples` samples, if given.
   *
   * @throws {Error} if one did not.
   */
  readonly end: (samples?: number) => Promise<void>;
  /** Removes their files. */
  readonly remove: () => void;
}

/**
 * Checks that each contender records its samples, one after the other; then starts all.
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
