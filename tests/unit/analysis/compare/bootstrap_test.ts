import { describe, it } from "node:test";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  checkSpread,
  logRatioInterval,
  resampleQuantile,
  samplesNeeded,
} from "../../../../src/analysis/compare/bootstrap.ts";
import { upperTailOfT } from "../../../../src/analysis/compare/student_t.ts";
import { histogramOf, randomOf, type Simulated, simulateRun } from "../../../support/analysis/bootstrap_simulation.ts";

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

/** Share of the simulations, %. */
function percent(found: readonly unknown[]): number {
  return 100 * found.length / SIMULATIONS;
}

describe("logRatioInterval", () => {
  for (const [q, likeness] of [[0.5, 0], [0.5, 0.005], [0.99, 0], [0.99, 0.005]] as const) {
    const which = likeness === 0 ? "independent samples" : "samples that resemble their predecessors";
    it(`contains 1 for the p${100 * q} of two equal runs with ${which}`, () => {
      const run = { samples: 800, likeness };
      const share = percent(intervals(q, run, run).filter(([low, high]) => low <= 1 && high >= 1));
      assert(share >= 93, `${share} %`);
    });
  }

  it("detects that a run is 10 % slower", () => {
    const found = intervals(0.5, { samples: 2000, likeness: 0 }, { samples: 2000, likeness: 0, factor: 1.1 });
    const slower = percent(found.filter(([low]) => low > 1));
    assert(slower >= 95, `${slower} %`);
    assertEquals(found.filter(([, high]) => high < 1), []);
  });

  it("is wider if samples resemble their predecessors", () => {
    const [independent, alike] = [0, 0.01].map((likeness) => {
      const run = { samples: 1000, likeness };
      return intervals(0.5, run, run).reduce((sum, [low, high]) => sum + Math.log(high / low), 0) / SIMULATIONS;
    });
    assert(alike! > 2 * independent!, `${alike} and ${independent}`);
  });
});

describe("checkSpread", () => {
  it("requires enough samples for both sides of the quantile", () => {
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
    assert(resampled.effectiveSamples <= 50, `${resampled.effectiveSamples}`);
    const tooFew = checkSpread(resampled, 368);
    assert(!tooFew.ok && tooFew.kind === "few-samples");
    assert(/^368 independent samples are needed, and it has the equivalent of \d+$/.test(tooFew.reason), tooFew.reason);
    assert(checkSpread(resampled, Math.floor(resampled.effectiveSamples)).ok);
  });

  it("counts fewer effective samples if samples resemble their predecessors", () => {
    const random = randomOf(0);
    const histogram = histogramOf(simulateRun(random, { samples: 5000, likeness: 0.01 }));
    const { effectiveSamples } = resampleQuantile(histogram, 0.5, 100, random);
    assert(effectiveSamples > 20 && effectiveSamples < 1000, `${effectiveSamples}`);
  });

  it("counts the slowest samples as one event if they happened together", () => {
    const random = randomOf(0);
    const { times, durations } = simulateRun(random, { samples: 5000, likeness: 0 });
    const histogram = histogramOf({ times, durations: durations.map((it, i) => i >= 2500 && i < 2600 ? 100 : it) });
    const { effectiveSamples } = resampleQuantile(histogram, 0.99, 100, random);
    assert(effectiveSamples < samplesNeeded(0.99, 0.025), `${effectiveSamples}`);
  });

  it("refuses samples that are all at one time", () => {
    const random = randomOf(0);
    const { durations } = simulateRun(random, { samples: 1000, likeness: 0 });
    const histogram = histogramOf({ times: durations.map((_, i) => i < 10 ? i / 10 : 0.55), durations });
    const resampled = resampleQuantile(histogram, 0.5, 100, random);
    assertEquals(checkSpread(resampled, 6), {
      ok: false,
      kind: "uneven-samples",
      reason: "its samples are not spread over its time",
    });
  });
});

describe("upperTailOfT", () => {
  // Abramowitz & Stegun, "Handbook of Mathematical Functions", table 26.10, and the normal
  // distribution for many degrees of freedom.
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
    it(`is ${t} for a tail of ${tail} and ${degrees} degrees of freedom`, () => {
      assertAlmostEquals(upperTailOfT(tail, degrees), t, 2e-5 * t);
    });
  }
});
