import { describe, it } from "node:test";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  logRatioInterval,
  resampleQuantile,
  samplesNeeded,
  tooLittle,
} from "../../../src/analysis/compare/bootstrap.ts";
import { upperTailOfT } from "../../../src/analysis/compare/student_t.ts";
import { histogramOf, randomOf, type Simulated, simulateRun } from "../../support/analysis/bootstrap_simulation.ts";

const SIMULATIONS = 150;
const everywhere = Array.from({ length: 100 }, (_, cell) => cell);

/** The 95 % intervals of the ratio of a quantile of two simulated runs. */
function intervals(q: number, a: Simulated, b: Simulated): [low: number, high: number][] {
  return Array.from({ length: SIMULATIONS }, (_, simulation) => {
    const random = randomOf(simulation);
    const [histogramA, histogramB] = [histogramOf(simulateRun(random, a)), histogramOf(simulateRun(random, b))];
    const logRatio = histogramB.logQuantile(q, everywhere) - histogramA.logQuantile(q, everywhere);
    const [resampledA, resampledB] = [histogramA, histogramB].map((it) => resampleQuantile(it, q, 200, random));
    const [low, high] = logRatioInterval(resampledA!, resampledB!, logRatio, 0.025);
    return [Math.exp(low), Math.exp(high)];
  });
}

/** How many of the simulations, %. */
function percent(found: readonly unknown[]): number {
  return 100 * found.length / SIMULATIONS;
}

describe("the interval of a ratio of quantiles", () => {
  for (const [q, likeness] of [[0.5, 0], [0.5, 0.005], [0.99, 0], [0.99, 0.005]] as const) {
    const which = likeness === 0 ? "independent samples" : "samples that resemble those before them";
    it(`of p${100 * q} holds 1 for two equal runs of ${which}`, () => {
      const run = { samples: 800, likeness };
      const share = percent(intervals(q, run, run).filter(([low, high]) => low <= 1 && high >= 1));
      assert(share >= 93, `${share} %`);
    });
  }

  it("shows that a run is 10 % slower", () => {
    const found = intervals(0.5, { samples: 2000, likeness: 0 }, { samples: 2000, likeness: 0, factor: 1.1 });
    const slower = percent(found.filter(([low]) => low > 1));
    assert(slower >= 95, `${slower} %`);
    assertEquals(found.filter(([, high]) => high < 1), []);
  });

  it("is not fooled by samples that resemble each other, as it would be if it took each for itself", () => {
    const [independent, alike] = [0, 0.01].map((likeness) => {
      const run = { samples: 1000, likeness };
      return intervals(0.5, run, run).reduce((sum, [low, high]) => sum + Math.log(high / low), 0) / SIMULATIONS;
    });
    assert(alike! > 2 * independent!, `${alike} and ${independent}`);
  });
});

describe("what a series can tell", () => {
  it("needs samples on both sides of the quantile", () => {
    assertEquals(samplesNeeded(0.99, 0.025), 368); // 0.99 ** 367 is 0.02501
    assertEquals(samplesNeeded(0.5, 0.025), 6);
    assertEquals(samplesNeeded(0.01, 0.025), samplesNeeded(0.99, 0.025));
    const random = randomOf(0);
    const resampled = resampleQuantile(
      histogramOf(simulateRun(random, { samples: 50, likeness: 0 })),
      0.99,
      100,
      random,
    );
    assert(resampled.independent <= 50, `${resampled.independent}`);
    assert(tooLittle(resampled, 368)!.startsWith("368 independent samples are needed, and it has no more than "));
    assertEquals(tooLittle(resampled, Math.floor(resampled.independent)), undefined);
  });

  it("is less than its samples, if they resemble each other", () => {
    const random = randomOf(0);
    const histogram = histogramOf(simulateRun(random, { samples: 5000, likeness: 0.01 }));
    const { independent } = resampleQuantile(histogram, 0.5, 100, random);
    assert(independent > 20 && independent < 1000, `${independent}`);
  });

  it("is one event, if the slowest all happened at once", () => {
    const random = randomOf(0);
    const { times, durations } = simulateRun(random, { samples: 5000, likeness: 0 });
    const histogram = histogramOf({ times, durations: durations.map((it, i) => i >= 2500 && i < 2600 ? 100 : it) });
    const { independent } = resampleQuantile(histogram, 0.99, 100, random);
    assert(independent < samplesNeeded(0.99, 0.025), `${independent}`);
  });

  it("is nothing, if all samples are of one moment", () => {
    const random = randomOf(0);
    const { durations } = simulateRun(random, { samples: 1000, likeness: 0 });
    const histogram = histogramOf({ times: durations.map((_, i) => i < 10 ? i / 10 : 0.55), durations });
    const resampled = resampleQuantile(histogram, 0.5, 100, random);
    assertEquals(tooLittle(resampled, 6), "its samples are not spread over its time");
  });
});

describe("the upper tail of Student's t", () => {
  // Abramowitz & Stegun, "Handbook of Mathematical Functions", table 26.10, and the normal distribution for many degrees of freedom.
  const table: [tail: number, degrees: number, t: number][] = [
    [0.25, 1, 1],
    [0.025, 1, 12.7062],
    [0.025, 4, 2.77645],
    [0.005, 4, 4.60409],
    [0.0005, 4, 8.6103],
    [0.025, 9, 2.26216],
    [0.0005, 18, 3.9216],
    [0.025, 1e4, 1.96020],
  ];
  for (const [tail, degrees, t] of table) {
    it(`of ${tail} with ${degrees} degrees of freedom is ${t}`, () => {
      assertAlmostEquals(upperTailOfT(tail, degrees), t, 2e-5 * t);
    });
  }
});
