/**
 * What stands out in a recording.
 *
 * @module
 */

import { formatDuration } from "../../display/numbers.ts";
import { SERIES } from "../../series.ts";
import { busyProcesses, hotFunctions } from "./cpu.ts";
import { notFiniteData, unreadData } from "./data.ts";
import { type FindingInputs, MIN_STALL, type UnexplainedFinding } from "./finding_inputs.ts";
import { becameSlower, largestShare, longTail, slowProcess, slowSeries, subjects } from "./latency.ts";
import { endsOfPrograms } from "./ends.ts";
import { calmRequests, failedRequests } from "./errors.ts";
import { growingMemory } from "./memory.ts";
import { garbageCollection, stalls } from "./stalls.ts";

/** Maximum number of findings: nobody reads more. */
const MAX_FINDINGS = 8;

const WEIGHTS: readonly UnexplainedFinding["weight"][] = ["bad", "attention", "note"];

/** Returns what stands out, the most important first; if nothing does, one finding that says so. */
export function findWhatStandsOut(inputs: FindingInputs): UnexplainedFinding[] {
  const slow = slowSeries(inputs);
  const failing = failedRequests(inputs);
  const isNew = ({ label }: UnexplainedFinding): boolean => !slow.some((found) => found.label === label);
  const found = [
    ...endsOfPrograms(inputs),
    ...failing,
    ...slow,
    ...stalls(inputs),
    ...growingMemory(inputs),
    ...becameSlower(inputs),
    ...slowProcess(inputs),
    ...garbageCollection(inputs),
    ...longTail(inputs).filter(isNew),
    ...busyProcesses(inputs),
    ...largestShare(inputs).filter(isNew),
    ...hotFunctions(inputs),
    ...unreadData(inputs),
    ...notFiniteData(inputs),
  ];
  const standsOut = found.some(({ kind }) => kind !== "data");
  const all = byWeight(standsOut ? found : [...found, nothing(inputs)]);
  // What the report does not show is always among the findings.
  const data = all.filter(({ kind }) => kind === "data");
  const others = all.filter(({ kind }) => kind !== "data").slice(0, MAX_FINDINGS - data.length);
  return byWeight([...others, ...data]);
}

/** Sorts by weight, and otherwise keeps the order. */
function byWeight(findings: readonly UnexplainedFinding[]): UnexplainedFinding[] {
  return findings.toSorted((a, b) => WEIGHTS.indexOf(a.weight) - WEIGHTS.indexOf(b.weight));
}

/** The finding that nothing stands out, and what was checked. */
function nothing(inputs: FindingInputs): UnexplainedFinding {
  const { series, thing } = subjects(inputs);
  const has = (label: string): boolean => inputs.quantities.some((quantity) => quantity.label === label);
  const checked = [
    ...calmRequests(inputs),
    ...(series.length > 1 ? [`no kind of ${thing} is much slower than the others`] : []),
    ...(has(SERIES.eventLoopLag)
      ? [`the event loop was never blocked for ${formatDuration(MIN_STALL, { trim: true })}`]
      : []),
    ...(has(SERIES.gcPause) ? ["garbage collection took little time"] : []),
    ...(has(SERIES.rss) ? ["memory did not grow much"] : []),
  ];
  return {
    kind: "latency",
    weight: "note",
    text: `Nothing stands out${checked.length === 0 ? "" : `: ${checked.join(", ")}`}.`,
  };
}
