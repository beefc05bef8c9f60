/**
 * Findings about moments at which series became slower or faster.
 *
 * @module
 */

import { formatChange, formatDuration } from "../../../display/numbers.ts";
import type { StepData } from "../../shared/report_data.ts";
import { timeOfDay } from "../../shared/clock_times.ts";
import { causeOf } from "../causes.ts";
import type { FindingInputs, UnexplainedFinding } from "../finding_inputs.ts";

/** A series that is this many times as slow after a step is much slower. */
const MUCH_SLOWER = 2;

/** Seconds below which it does not matter that a median is slower. */
const NEGLIGIBLE = 100e-6;

/** Series become faster at first: they are compiled, and caches fill. The share of the time that counts as that. */
const WARM_UP = 0.1;

/** Steps nearer than this many ns, or than they are known, are one moment. */
const ONE_MOMENT = 1e9;

/** Maximum number of steps of a series that are told. */
const MAX_TOLD = 3;

/** Finds the series that became slower or faster at a moment, those that changed most first. */
export function steps(inputs: FindingInputs): UnexplainedFinding[] {
  const moments: number[] = [];
  const momentOf = ({ at, within }: StepData): string => {
    const near = moments.findIndex((other) => Math.abs(other - at) <= ONE_MOMENT + within + inputs.bins.width);
    return causeOf.moment(near === -1 ? moments.push(at) - 1 : near);
  };
  return [...inputs.steps].map(([label, all]) => ({ label, told: all.filter((step) => isTold(step, inputs)) }))
    .filter(({ told }) => told.length > 0)
    .sort((a, b) => sizeOf(largest(b.told)) - sizeOf(largest(a.told)))
    .map(({ label, told }): UnexplainedFinding => {
      const main = largest(told);
      const { before, after, at } = main;
      const slower = Math.max(...told.map((step) => step.after >= NEGLIGIBLE ? step.after / step.before : 0));
      const others = told.filter((step) => step !== main).toSorted((a, b) => sizeOf(b) - sizeOf(a)).slice(
        0,
        MAX_TOLD - 1,
      );
      const rest = others.length === 0
        ? ""
        : `; it also changed by ${others.toSorted((a, b) => a.at - b.at).map(describeStep).join(", ")}`;
      return {
        kind: "latency",
        weight: slower >= MUCH_SLOWER ? "bad" : slower > 1 ? "attention" : "note",
        text: `${label} became ${after > before ? "slower" : "faster"}, ${describeStep(main)}: its median was ` +
          `${formatDuration(before)} before and ${formatDuration(after)} after${rest}.`,
        label,
        window: [Math.max(0, at - inputs.bins.width), Math.min(inputs.span, at + inputs.bins.width)],
        causes: [causeOf.label(label), momentOf(main)],
      };
    });
}

/** A step in words: `+34 % at 18:00:00`, and what was marked then. */
export function describeStep({ at, before, after, mark }: StepData): string {
  return `${formatChange(after / before)}\u00a0% at ${timeOfDay(at)}${mark === undefined ? "" : ` (mark “${mark}”)`}`;
}

function isTold({ at, before, after }: StepData, { span }: FindingInputs): boolean {
  return after > before || at >= WARM_UP * span;
}

function sizeOf({ before, after }: StepData): number {
  return Math.abs(Math.log(after / before));
}

function largest(all: readonly StepData[]): StepData {
  return all.reduce((a, b) => sizeOf(b) > sizeOf(a) ? b : a);
}
