/**
 * Steps: moments at which the level of a noisy quantity changed for good, or for a while.
 *
 * They are found by optimal partitioning (B. Jackson et al., "An algorithm for optimal partitioning
 * of data on an interval", IEEE Signal Processing Letters 12 (2005), whose pruned form is PELT: R.
 * Killick, P. Fearnhead and I. A. Eckley, Journal of the American Statistical Association 107
 * (2012)), with the squared distance from the mean of each part as the cost. Without pruning it
 * takes n² / 2 steps, which for the 800 cells of a report is nothing.
 *
 * Partitioning assumes independent noise, and what programs record drifts with the load. So each
 * step has to pass three more tests: of rank, between the values before and after it (Mann and
 * Whitney), which count as fewer if they resemble their neighbours (by the variance of the mean of
 * an autoregressive process of order 1); of sharpness, also compared with a straight line, since a drift that is cut into stairs is no step; and of size, relative to
 * what the quantity does between two neighbouring stretches of the same length anywhere else.
 *
 * @module
 */

import { median } from "./quantiles.ts";
import { rankTest } from "./rank_test.ts";

/** Least number of values on both sides of a step. */
export const MIN_PART = 10;

/** Greatest number of values on each side that are compared: what is far from a step is not about it. */
const MAX_COMPARED = 60;

/** A step as improbable as this by chance is told: many places of many series are looked at. */
const MAX_CHANCE = 1e-5;

/** The degree of the curve that a step must describe better than. */
const DEGREE = 3;

/** The part of a step that must happen at once, between two stretches of {@linkcode MIN_PART}. */
const SHARP = 0.4;

/**
 * How much better than a straight line a step must describe what is around it: the difference of
 * the Bayesian information criteria. More than 10 is "very strong" (R. E. Kass and A. E. Raftery,
 * "Bayes factors", Journal of the American Statistical Association 90 (1995)).
 */
const BETTER_THAN_CURVE = 10;

/**
 * Values on each side of a step from which the jump is told from a drift: this part of all, since a
 * drift is straight for a while only, within these limits.
 */
const NEAR = { part: 1 / 12, least: 5, most: 12 };

/** The part of a step that must be a jump, beside a straight drift through its neighbourhood. */
const JUMP = 0.4;

/** How many times its standard error a jump must be. */
const SURE = 2.5;

/** How many times the usual change between two neighbouring stretches a step must be. */
const BEYOND_USUAL = 3;

/** How many times the noise a step must be, and how much better than a curve, to stand whatever is beside it. */
const CLEAR = { noise: 6, overCurve: 30 };

/** The standard deviation of a normal variable, in median absolute deviations. */
const DEVIATIONS = 1.4826;

/** A step. */
export interface Step {
  /** Index of the first value after it. */
  readonly index: number;
  /** Where the values before it begin and those after it end: at the next change on either side, even if that is no step. */
  readonly from: number;
  readonly to: number;
  /** Their medians. */
  readonly before: number;
  readonly after: number;
  /** The probability of such a difference by chance, by rank. */
  readonly chance: number;
}

/** A step, and how much better it describes the values around it than a straight line. */
interface Candidate extends Step {
  readonly overCurve: number;
}

/** Options of {@linkcode findSteps}. */
export interface StepOptions {
  /** Steps of less than this are none; in units of the values. */
  readonly least: number;
  /** Indices before which a step is looked for in any case: where something is known to have happened. */
  readonly cuts?: readonly number[];
}

/** Finds the steps of a quantity from values that follow each other, each at the level of its time. */
export function findSteps(values: readonly number[], { least, cuts = [] }: StepOptions): Step[] {
  let starts = [...new Set([...partition(values), ...cuts.filter((cut) => isInside(cut, values.length))])]
    .sort((a, b) => a - b);
  const changes = values.map((_, index) => isInside(index, values.length) ? changeAt(values, index) : 0);
  const sigma = noise(values);
  // Steps that were clear while all changes beside them stood: without these they would be compared with what begins
  // there, such as a drift.
  const clear = new Map<number, Candidate>();
  // Leaving out a step changes what is before and after its neighbours: the least certain goes first.
  while (starts.length > 0) {
    const each = memory(values, starts);
    const steps = starts.map((index, i) => {
      const [from, to] = [starts[i - 1] ?? 0, starts[i + 1] ?? values.length];
      return stepAt(values, index, { from, to, each });
    });
    const usual = usualChange(changes, starts);
    const failing: Candidate[] = [];
    for (const step of steps) {
      const isOne = isStep(values, step, { least, usual, atOnce: changes[step.index]!, sigma });
      if (isOne && isClear(step, sigma) && !clear.has(step.index)) clear.set(step.index, step);
      if (!isOne && !clear.has(step.index)) failing.push(step);
    }
    if (failing.length === 0) {
      return steps.map(({ index }, i) => {
        const { overCurve: _, ...step } = clear.get(index) ?? steps[i]!;
        return step;
      });
    }
    const worst = failing.reduce((a, b) => size(b) < size(a) ? b : a);
    starts = starts.filter((index) => index !== worst.index);
  }
  return [];
}

function isInside(index: number, length: number): boolean {
  return index >= MIN_PART && index <= length - MIN_PART;
}

function size({ before, after }: Step): number {
  return Math.abs(after - before);
}

function stepAt(
  values: readonly number[],
  index: number,
  { from, to, each }: { readonly from: number; readonly to: number; readonly each: number },
): Candidate {
  const before = values.slice(Math.max(from, index - MAX_COMPARED), index);
  const after = values.slice(index, Math.min(to, index + MAX_COMPARED));
  const middles = { before: median(before), after: median(after) };
  return {
    index,
    from,
    to,
    ...middles,
    chance: rankTest(before, after, each).chance,
    overCurve: overCurve(before, after) / each,
  };
}

/** n ln of the sum of squares from a smooth curve, a cubic, relative to that from two means. */
function overCurve(before: readonly number[], after: readonly number[]): number {
  const all = [...before, ...after];
  const fromMeans = [before, after].reduce((sum, part) => sum + squaresFrom(mean(part), part), 0);
  return fromMeans === 0 ? Infinity : all.length * Math.log(squaresFromCurve(all) / fromMeans);
}

/**
 * The sum of squares of values from the cubic that fits them best: what is left of them without their
 * projections on the polynomials up to the third degree that are orthogonal for as many values.
 */
function squaresFromCurve(values: readonly number[]): number {
  const basis: number[][] = [];
  let left = [...values];
  for (let degree = 0; degree <= DEGREE; degree++) {
    let polynomial = values.map((_, i) => (2 * i / (values.length - 1) - 1) ** degree);
    for (const other of basis) polynomial = without(polynomial, other);
    basis.push(polynomial);
    left = without(left, polynomial);
  }
  return squaresFrom(0, left);
}

/** What is left of a vector without its projection on another. */
function without(vector: readonly number[], other: readonly number[]): number[] {
  let [product, square] = [0, 0];
  for (const [i, value] of other.entries()) {
    product += value * vector[i]!;
    square += value * value;
  }
  return vector.map((value, i) => value - product / square * other[i]!);
}

function squaresFrom(level: number, values: readonly number[]): number {
  return values.reduce((sum, value) => sum + (value - level) ** 2, 0);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** What is known of all values, and what they do at a step. */
interface StepFacts {
  readonly least: number;
  readonly usual: number;
  readonly atOnce: number;
  readonly sigma: number;
}

function isStep(values: readonly number[], step: Candidate, { least, usual, atOnce, sigma }: StepFacts): boolean {
  const { index, before, after, chance, overCurve } = step;
  const sign = Math.sign(after - before);
  return size(step) >= least && chance <= MAX_CHANCE && overCurve >= BETTER_THAN_CURVE &&
    jumpAt(values, index, sigma) * sign >= JUMP * size(step) &&
    atOnce * sign >= SHARP * size(step) && atOnce * sign >= BEYOND_USUAL * usual;
}

function isClear(step: Candidate, sigma: number): boolean {
  return size(step) >= CLEAR.noise * sigma && step.overCurve >= CLEAR.overCurve;
}

/**
 * How many of the values carry the information of an independent one: (1 + φ) / (1 - φ), where φ is
 * the correlation of neighbours within the parts that begin at `starts`; at least 1.
 */
function memory(values: readonly number[], starts: readonly number[]): number {
  const bounds = [0, ...starts, values.length];
  let [products, squares] = [0, 0];
  for (const [i, to] of bounds.slice(1).entries()) {
    const part = values.slice(bounds[i], to);
    const middle = median(part);
    // A few outliers must not decide.
    const most = 4 * median(part.map((value) => Math.abs(value - middle)));
    const rest = part.map((value) => Math.max(-most, Math.min(most, value - middle)));
    for (const [k, value] of rest.entries()) {
      squares += value ** 2;
      if (k > 0) products += value * rest[k - 1]!;
    }
  }
  const correlation = squares === 0 ? 0 : Math.min(0.99, Math.max(0, products / squares));
  return (1 + correlation) / (1 - correlation);
}

/** The change of the median from the values before an index to those after it. */
function changeAt(values: readonly number[], index: number): number {
  return median(values.slice(index, index + MIN_PART)) - median(values.slice(Math.max(0, index - MIN_PART), index));
}

/**
 * The jump at an index, beside a drift: the coefficient of the step in the least squares of a straight
 * line and a step, as in a regression discontinuity design (D. L. Thistlethwaite and D. T. Campbell,
 * Journal of Educational Psychology 51 (1960)).
 */
function jumpAt(values: readonly number[], index: number, sigma: number): number {
  const reach = Math.min(NEAR.most, Math.max(NEAR.least, Math.round(NEAR.part * values.length)));
  const from = Math.max(0, index - reach);
  const near = values.slice(from, index + reach);
  const step = near.map((_, i) => from + i >= index ? 1 : 0);
  const [middle, share, center] = [(near.length - 1) / 2, mean(step), mean(near)];
  let [xx, xs, ss, xy, sy] = [0, 0, 0, 0, 0];
  for (const [i, y] of near.entries()) {
    const [x, s] = [i - middle, step[i]! - share];
    xx += x * x;
    xs += x * s;
    ss += s * s;
    xy += x * (y - center);
    sy += s * (y - center);
  }
  const jump = (sy * xx - xy * xs) / (ss * xx - xs * xs);
  // A jump within its own error is none: that of noise as large as between neighbours.
  const error = sigma * Math.sqrt(xx / (ss * xx - xs * xs));
  return Math.abs(jump) >= SURE * error ? jump : 0;
}

/** The usual size of {@linkcode changeAt} where there is no step, as a standard deviation. */
function usualChange(changes: readonly number[], starts: readonly number[]): number {
  const calm = changes.filter((_, index) =>
    isInside(index, changes.length) && starts.every((start) => Math.abs(start - index) >= MIN_PART)
  );
  return calm.length < MIN_PART ? 0 : DEVIATIONS * median(calm.map(Math.abs));
}

/**
 * Returns the indices at which the parts of the best partition begin, but the first: the one with
 * the least sum of squares and of a penalty for each part, 3 σ² ln n.
 */
function partition(values: readonly number[]): number[] {
  const n = values.length;
  if (n < 2 * MIN_PART) return [];
  const penalty = Math.max(3 * noise(values) ** 2 * Math.log(n), 1e-12);
  const sums = new Float64Array(n + 1);
  const squares = new Float64Array(n + 1);
  const middle = median(values); // sums of squares of large numbers would lose digits
  for (const [i, value] of values.entries()) {
    sums[i + 1] = sums[i]! + (value - middle);
    squares[i + 1] = squares[i]! + (value - middle) ** 2;
  }
  const cost = (from: number, to: number): number =>
    squares[to]! - squares[from]! - (sums[to]! - sums[from]!) ** 2 / (to - from);
  const best = new Float64Array(n + 1).fill(Infinity);
  const begin = new Int32Array(n + 1);
  best[0] = -penalty;
  for (let to = MIN_PART; to <= n; to++) {
    for (let from = 0; from <= to - MIN_PART; from++) {
      const total = best[from]! + cost(from, to) + penalty;
      if (total < best[to]!) [best[to], begin[to]] = [total, from];
    }
  }
  const starts: number[] = [];
  for (let at = begin[n]!; at > 0; at = begin[at]!) starts.push(at);
  return starts.reverse();
}

/** The standard deviation of the noise, by how much neighbours differ. */
function noise(values: readonly number[]): number {
  return DEVIATIONS * median(values.slice(1).map((value, i) => Math.abs(value - values[i]!))) / Math.SQRT2;
}
