import { join } from "node:path";
import process from "node:process";
import { pino } from "pino";
import { type Contender, LABEL, type Recording } from "./contender.ts";
import { takeLines } from "../harness/lines.ts";

/**
 * Bytes collected before a write, and the most bytes of one piece. Found by trying on both
 * runtimes: less means more calls, and more is slower again, since pino's buffer measures its last
 * piece for each line.
 */
const BUFFER = { minLength: 4 * 1024, maxWrite: 8 * 1024 };

/**
 * pino writes a line of JSON for each sample. It buffers some lines and writes them synchronously.
 * A line has the columns of Kymo and the level. Its time is from `Date.now()`, by pino.
 */
export const pinoFile: Contender = {
  name: "pino to a file",
  keeps: "every sample, in files",
  begin(directory): Recording {
    const path = join(directory, "durations.log");
    const destination = pino.destination({ dest: path, sync: true, ...BUFFER });
    const logger = pino({ base: { pid: process.pid } }, destination);
    let lines = 0;
    return {
      run(samples) {
        for (let i = 0; i < samples; i++) {
          const start = performance.now();
          logger.info({ label: LABEL, duration: performance.now() - start });
        }
      },
      tidy() {
        lines += takeLines(path);
      },
      end() {
        destination.flushSync();
        destination.destroy();
        return Promise.resolve(lines + takeLines(path));
      },
    };
  },
};
