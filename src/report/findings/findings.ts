import { limitInSeconds } from "../../display/words.ts";
import { busyProcesses, hotFunction } from "./cpu.ts";
import { notFiniteData, unreadData } from "./data.ts";
import type { Draft, Facts } from "./finding.ts";
import { type Evidence, STALL } from "./finding_inputs.ts";
import { memoryGrowth } from "./memory.ts";
import { slowProcess } from "./processes.ts";
import { largestShare, longTail, slowSeries, subjects } from "./slow_series.ts";
import { becameSlower } from "./slower.ts";
import { garbageCollection, stalls } from "./stalls.ts";
import { SERIES } from "../../series.ts";

/** More than this nobody reads. */
const MOST = 8;

const weights: readonly Draft["weight"][] = ["bad", "attention", "note"];

/** What stands out, the most important first; if nothing does, one finding that says so. */
export function findWhatStandsOut(facts: Facts, evidence: Evidence): Draft[] {
  const slow = slowSeries(facts);
  const isNew = ({ label }: Draft): boolean => !slow.some((told) => told.label === label);
  const found = [
    ...slow,
    ...stalls(facts, evidence),
    ...memoryGrowth(facts),
    ...becameSlower(facts),
    ...slowProcess(facts),
    ...garbageCollection(facts, evidence),
    ...longTail(facts).filter(isNew),
    ...busyProcesses(facts),
    ...largestShare(facts).filter(isNew),
    ...hotFunction(facts),
    ...unreadData(facts),
    ...notFiniteData(evidence),
  ];
  const standsOut = found.some(({ kind }) => kind !== "data");
  const told = byWeight(standsOut ? found : [...found, nothing(facts)]);
  // What the report does not show is told in any case.
  const data = told.filter(({ kind }) => kind === "data");
  const others = told.filter(({ kind }) => kind !== "data").slice(0, MOST - data.length);
  return byWeight([...others, ...data]);
}

/** The most important first, otherwise in their order. */
function byWeight(drafts: readonly Draft[]): Draft[] {
  return drafts.toSorted((a, b) => weights.indexOf(a.weight) - weights.indexOf(b.weight));
}

/** That nothing stands out, of what was recorded. */
function nothing(facts: Facts): Draft {
  const { series, thing } = subjects(facts);
  const has = (label: string): boolean => facts.quantities.some((quantity) => quantity.label === label);
  const checked = [
    ...(series.length > 1 ? [`no kind of ${thing} is much slower than the others`] : []),
    ...(has(SERIES.eventLoopLag) ? [`the event loop never stood still for ${limitInSeconds(STALL)}`] : []),
    ...(has(SERIES.gcPause) ? ["garbage collection took little time"] : []),
    ...(has(SERIES.rss) ? ["memory did not grow much"] : []),
  ];
  return {
    kind: "latency",
    weight: "note",
    text: `Nothing stands out${checked.length === 0 ? "" : `: ${checked.join(", ")}`}.`,
  };
}
