import { type Contender, LABEL, type Recording } from "./contender.ts";

/** So many measures are kept before they are cleared, as they must be lest memory grow for ever. */
const BATCH = 1_000;

/** `performance.mark` and `performance.measure`, whose entries somebody would read and then clear. */
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
