import { Histogram } from "prom-client";
import { type Contender, LABEL, type Recording } from "./contender.ts";

const MS_PER_SECOND = 1000;

/** Created once, which costs less than an object for each sample. */
const labels = { block: LABEL };

function newHistogram(): Histogram<"block"> {
  // In no registry, so that it can be created more than once.
  return new Histogram({ name: "duration_seconds", help: "Durations", labelNames: ["block"], registers: [] });
}

async function countOf(histogram: Histogram<"block">): Promise<number> {
  const { values } = await histogram.get();
  return values.find(({ metricName }) => metricName === "duration_seconds_count")?.value ?? 0;
}

/**
 * prom-client with the clock read by hand. An empty block falls into its first bucket, which is the
 * cheapest to find.
 */
export const promClientObserve: Contender = {
  name: "prom-client observe",
  keeps: "sums and buckets",
  begin(): Recording {
    const histogram = newHistogram();
    return {
      run(samples) {
        for (let i = 0; i < samples; i++) {
          const start = performance.now();
          histogram.observe(labels, (performance.now() - start) / MS_PER_SECOND);
        }
      },
      end: () => countOf(histogram),
    };
  },
};

/** prom-client with its own timer, which reads `process.hrtime()`. */
export const promClientTimer: Contender = {
  name: "prom-client startTimer",
  keeps: "sums and buckets",
  begin(): Recording {
    const histogram = newHistogram();
    return {
      run(samples) {
        for (let i = 0; i < samples; i++) {
          const end = histogram.startTimer(labels);
          end();
        }
      },
      end: () => countOf(histogram),
    };
  },
};
