import * as monitor from "@kymo/kymo";
import { type Contender, LABEL, type Recording } from "./contender.ts";
import { takeRows } from "../harness/published_files.ts";

/** Kymo with default options. The measured time includes encoding and writing the files. */
export const kymo: Contender = {
  name: "Kymo",
  keeps: "every sample, in files",
  begin(directory): Recording {
    monitor.start({ monitoringDir: directory });
    let rows = 0;
    return {
      run(samples) {
        for (let i = 0; i < samples; i++) {
          const id = monitor.startDurationSample();
          monitor.stopDurationSample(LABEL, id);
        }
      },
      tidy() {
        rows += takeRows(directory);
      },
      async end() {
        await monitor.stop();
        const { dropped, lastError } = monitor.status();
        if (dropped > 0) throw new Error(`Cannot compare Kymo: ${dropped} samples were dropped`, { cause: lastError });
        return rows + takeRows(directory);
      },
    };
  },
};
