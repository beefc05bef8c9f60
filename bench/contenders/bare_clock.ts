import type { Contender, Recording } from "./contender.ts";

/** Reads the clock by hand, as one would without a library: the baseline. */
export const bareClock: Contender = {
  name: "two performance.now()",
  keeps: "nothing",
  begin(): Recording {
    // Summed up, so that no compiler can remove the work.
    let sum = 0;
    let count = 0;
    return {
      run(samples) {
        for (let i = 0; i < samples; i++) {
          const start = performance.now();
          sum += performance.now() - start;
        }
        count += samples;
      },
      end() {
        if (!(sum > 0)) throw new Error("Cannot compare with performance.now(): no time passed");
        return Promise.resolve(count);
      },
    };
  },
};
