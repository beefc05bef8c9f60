import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { findModes } from "../../../src/statistics/modes.ts";
import { rankTest } from "../../../src/statistics/rank_test.ts";
import { findSteps } from "../../../src/statistics/steps.ts";
import { normalNumbers, randomNumbers } from "../../support/random.ts";

describe("rankTest", () => {
  it("gives the chance of the published example", () => {
    // Hollander, Wolfe and Chicken, Nonparametric Statistical Methods, example 4.1: W = 30 of 10 and 5.
    const term = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
    const early = [1.15, 0.88, 0.90, 0.74, 1.21];
    const { superiority, chance } = rankTest(early, term);
    assertAlmostEquals(superiority, 0.3);
    assertAlmostEquals(chance, 0.2448, 0.01);
  });
  it("counts in how many ways groups could be apart, where they are", () => {
    // One of the 8!/(4! 4!) = 70 ways to choose the 4 largest, in both directions.
    assertAlmostEquals(rankTest([1, 2, 3, 4], [5, 6, 7, 8]).chance, 2 / 70);
    const before = Array.from({ length: 12 }, (_, i) => i);
    assertAlmostEquals(rankTest(before, before.map((i) => i + 12)).chance * 2_704_156, 2);
    assert(rankTest(before, before.map((i) => i + 12), 2).chance > 2 / 1_000);
  });
  it("says nothing without values, and nothing of equal ones", () => {
    assertEquals(rankTest([], [1]), { superiority: 0.5, chance: 1 });
    assertEquals(rankTest([1, 1, 1], [1, 1]), { superiority: 0.5, chance: 1 });
  });
});

describe("findSteps", () => {
  const values = (seed: number, noise: number, at: (i: number) => number, length = 400): number[] => {
    const normal = normalNumbers(seed);
    return Array.from({ length }, (_, i) => at(i) + noise * normal());
  };

  it("finds planted steps, up and down, where they are", () => {
    for (let seed = 0; seed < 20; seed++) {
      const steps = findSteps(values(seed, 0.06, (i) => i < 100 || i >= 250 ? 0 : 0.3), { least: 0.1 });
      assertEquals(steps.length, 2, `seed ${seed}`);
      assert(steps.every(({ index }, i) => Math.abs(index - [100, 250][i]!) <= 3), JSON.stringify(steps));
      assertAlmostEquals(steps[0]!.after - steps[0]!.before, 0.3, 0.1);
    }
  });
  it("finds a step of a quantity that hardly changes otherwise, and of a constant", () => {
    assertEquals(findSteps(values(1, 0.001, (i) => i < 300 ? 1 : 1.2), { least: 0.1 }).length, 1);
    assertEquals(findSteps(values(1, 0, (i) => i < 30 ? 1 : 1.2, 60), { least: 0.1 }).map(({ index }) => index), [30]);
  });
  it("finds a clear step whatever is beside it: a drift, or what is there for a while", () => {
    const drift = (from: number) => (i: number): number => 1.5 * Math.min(1, Math.max(0, i - from) / 40);
    const beside: Record<string, (i: number) => number> = {
      "a drift after it": drift(120),
      "a drift before it": (i) => drift(20)(100 - i),
      "a hump after it": (i) => i < 130 || i > 170 ? 0 : 1.2 * Math.sin((i - 130) / 40 * Math.PI),
    };
    for (const [what, shape] of Object.entries(beside)) {
      for (let seed = 0; seed < 20; seed++) {
        const steps = findSteps(values(seed, 0.04, (i) => shape(i) + (i < 100 ? 0 : 0.5), 200), { least: 0.1 });
        assertEquals(steps.map(({ index }) => index), [100], `${what}, seed ${seed}`);
        assertAlmostEquals(steps[0]!.after - steps[0]!.before, 0.5, 0.1, `${what}, seed ${seed}`);
        assert(steps[0]!.from < 100 && steps[0]!.to > 100);
      }
    }
  });
  it("finds none in noise, drifts, waves and spikes", () => {
    const shapes: ((i: number) => number)[] = [
      () => 0,
      (i) => i / 400,
      (i) => 0.3 * Math.sin(i / 60),
      (i) => 0.3 * Math.sin(i / 12),
      (i) => i % 50 === 0 ? 2 : 0,
      (i) => i >= 200 && i < 204 ? 1 : 0,
    ];
    for (const [which, shape] of shapes.entries()) {
      for (let seed = 0; seed < 20; seed++) {
        for (const noise of [0.02, 0.3]) {
          assertEquals(findSteps(values(seed, noise, shape), { least: 0.1 }), [], `shape ${which}, seed ${seed}`);
        }
      }
    }
  });
  it("finds none where what is recorded comes and goes", () => {
    for (let seed = 0; seed < 20; seed++) {
      const [normal, random] = [normalNumbers(seed), randomNumbers(seed + 100)];
      // The middle of durations of two kinds, whose shares follow the load.
      const mixed = Array.from({ length: 100 }, (_, i) => {
        const share = 0.3 + 0.2 * Math.sin(i / 100 * 2 * Math.PI);
        const cell = Array.from({ length: 10 }, () => (random() < share ? 1.8 : 0) + 0.2 * normal())
          .sort((a, b) => a - b);
        return cell.slice(3, 7).reduce((sum, value) => sum + value / 4, 0);
      });
      assertEquals(findSteps(mixed, { least: 0.1 }), [], `mixed, seed ${seed}`);
      let level = 0;
      const walk = Array.from({ length: 100 }, () => (level += 0.05 * normal()) + 0.1 * normal());
      assertEquals(findSteps(walk, { least: 0.1 }), [], `walk, seed ${seed}`);
    }
  });
  it("finds none in noise that remembers", () => {
    for (let seed = 0; seed < 40; seed++) {
      const normal = normalNumbers(seed);
      let level = 0;
      const drifting = Array.from({ length: 400 }, () => level = 0.9 * level + 0.1 * normal());
      assertEquals(findSteps(drifting, { least: 0.1 }), [], `seed ${seed}`);
    }
  });
  it("finds none in too few values", () => {
    assertEquals(findSteps([0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], { least: 0.1 }), []);
    assertEquals(findSteps([], { least: 0.1 }), []);
  });
});

describe("findModes", () => {
  /** Counts of values in buckets 16 per octave, as a report has them. */
  const histogram = (logs: Iterable<number>): number[] => {
    const counts: number[] = [];
    for (const log of logs) {
      const bucket = Math.floor(log / Math.LN2 * 16) + 320;
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    }
    return Array.from(counts, (count) => count ?? 0);
  };
  const options = { width: 2, apart: 6 };
  const around = (position: number): number => Math.exp((position - 320) / 16 * Math.LN2);

  it("finds planted modes, with their shares", () => {
    for (let seed = 0; seed < 20; seed++) {
      const normal = normalNumbers(seed);
      const random = randomNumbers(seed + 1_000);
      const pick = (): number => {
        const part = random();
        return part < 0.6 ? 3 : part < 0.9 ? 44.5 : 388;
      };
      const modes = findModes(
        histogram(Array.from({ length: 1_000 }, () => Math.log(pick()) + 0.2 * normal())),
        options,
      );
      assertEquals(modes.length, 3, `seed ${seed}`);
      for (const [i, [share, value]] of ([[0.6, 3], [0.3, 44.5], [0.1, 388]] as const).entries()) {
        assertAlmostEquals(modes[i]!.count / 1_000, share, 0.05);
        assertAlmostEquals(around(modes[i]!.median) / value, 1, 0.1);
      }
    }
  });
  it("finds one in distributions with one peak, also with long tails and few values", () => {
    const shapes: ((normal: () => number, random: () => number) => number)[] = [
      (normal) => 0.1 * normal(),
      (normal) => 0.5 * normal(),
      (normal) => normal(),
      (_, random) => Math.log(-Math.log(1 - random())), // exponential
      (_, random) => -Math.log(1 - random()) / 1.5, // Pareto
      (_, random) => Math.log(0.5 + random()),
    ];
    for (const [which, shape] of shapes.entries()) {
      for (const length of [50, 300, 3_000, 30_000]) {
        for (let seed = 0; seed < 20; seed++) {
          const [normal, random] = [normalNumbers(seed), randomNumbers(seed + 50)];
          const modes = findModes(histogram(Array.from({ length }, () => shape(normal, random))), options);
          assertEquals(modes.length, 1, `shape ${which}, ${length} values, seed ${seed}: ${JSON.stringify(modes)}`);
        }
      }
    }
  });
  it("finds one in a constant, and none in nothing", () => {
    assertEquals(findModes([0, 0, 400, 0], options).map(({ count }) => count), [400]);
    assertEquals(findModes([], options), []);
  });
  it("takes outliers for no mode", () => {
    const normal = normalNumbers(1);
    const logs = Array.from({ length: 1_000 }, (_, i) => 0.2 * normal() + (i < 12 ? 5 : 0));
    assertEquals(findModes(histogram(logs), options).length, 1);
  });
});
