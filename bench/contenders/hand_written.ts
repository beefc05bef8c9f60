import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Contender, LABEL, type Recording } from "./contender.ts";
import { takeLines } from "../harness/lines.ts";

/** About as many samples as a segment of Kymo holds. */
const BATCH = 25_000;

/** A collector as many write it by hand: an array, and now and then a file of JSON lines. */
export const handWritten: Contender = {
  name: "array + JSON by hand",
  keeps: "every sample, in files",
  begin(directory): Recording {
    const path = join(directory, "durations.jsonl");
    writeFileSync(path, "");
    let samples: { timepoint: number; label: string; duration: number }[] = [];
    let lines = 0;
    function flush(): void {
      appendFileSync(path, samples.map((sample) => `${JSON.stringify(sample)}\n`).join(""));
      samples = [];
    }
    return {
      run(times) {
        for (let i = 0; i < times; i++) {
          const start = performance.now();
          const duration = performance.now() - start;
          samples.push({ timepoint: performance.timeOrigin + start, label: LABEL, duration });
          if (samples.length === BATCH) flush();
        }
      },
      tidy() {
        lines += takeLines(path);
      },
      end() {
        flush();
        return Promise.resolve(lines + takeLines(path));
      },
    };
  },
};
