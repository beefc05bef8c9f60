import { type Contender, LABEL, type Recording } from "./contender.ts";

/** Measures that are kept before they are cleared, so that memory does not grow without limit. */
const BATCH = 1_000;

/** `performance.mark` and `performance.measure`, whose entries a program would read and clear. */
export const userTiming: Contender = {
  name: "performance.mark + measure",
  keeps: "every sample, until cleared",
  begin(): Recording {
    let kept = 0;
    let cleared = 0;
    function clear(): void {
      cleared += performance.getEntriesByType("measure").length;
      performance.clearMarks();
      performance.clearMeasures();
      kept = 0;
    }
    return {
      run(samples) {
        for (let i = 0; i < samples; i++) {
          performance.mark("start");
          performance.measure(LABEL, "start");
          if (++kept === BATCH) clear();
        }
      },
      end() {
        clear();
        return Promise.resolve(cleared);
      },
    };
  },
};
