import { join } from "node:path";
import process from "node:process";
import { pino } from "pino";
import { type Contender, LABEL, type Recording } from "./contender.ts";
import { takeLines } from "../harness/lines.ts";

/**
 * How many bytes are collected before they are written, and at most in one piece. Found by trying, with both runtimes: with less there are
 * more calls, and pino's buffer measures its last piece anew for each line, so that larger ones are slower again.
 */
const BUFFER = { minLength: 4 * 1024, maxWrite: 8 * 1024 };

/**
 * A line of JSON for each sample by pino, which buffers some lines and writes them synchronously; the line has what a row of Kymo has, and
 * the level. The time in it is by pino, from `Date.now()`.
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
