/**
 * What stands out in a recording.
 *
 * @module
 */

import { counted, formatDuration } from "../../display/numbers.ts";
import { shorten } from "../../display/text_width.ts";
import { SERIES } from "../../series.ts";
import type { Finding } from "../shared/report_data.ts";
import { MIN_STALL } from "./blockers.ts";
import { byWeight, type CausedFinding, groupByCause } from "./causes.ts";
import { busyProcesses, hotFunctions } from "./cpu.ts";
import { notFiniteData, unreadData } from "./data.ts";
import { capitalize, type FindingInputs, type UnexplainedFinding } from "./finding_inputs.ts";
import { becameSlower, largestShare, slowProcess, slowSeries, subjects, unevenSeries } from "./latency.ts";
import { endsOfPrograms } from "./ends.ts";
import { calmRequests, failedRequests } from "./errors.ts";
import { growingMemory } from "./memory.ts";
import { garbageCollection, stalls } from "./stalls.ts";
import { steps } from "./steps/steps.ts";

/** Longer labels are shortened in sentences. */
const LONGEST_LABEL = 160;

/** Maximum number of cards: nobody reads more. */
const MAX_CARDS = 8;

/** Returns what stands out, each finding by itself. */
export function findWhatStandsOut(inputs: FindingInputs): UnexplainedFinding[] {
  const slow = slowSeries(inputs);
  const isNew = ({ label }: UnexplainedFinding): boolean => !slow.some((found) => found.label === label);
  return [
    ...endsOfPrograms(inputs),
    ...failedRequests(inputs),
    ...slow,
    ...stalls(inputs),
    ...growingMemory(inputs),
    ...steps(inputs),
    ...becameSlower(inputs),
    ...slowProcess(inputs),
    ...garbageCollection(inputs),
    ...unevenSeries(inputs).filter(isNew),
    ...busyProcesses(inputs),
    ...hotFunctions(inputs),
    ...unreadData(inputs),
    ...notFiniteData(inputs),
  ];
}

/**
 * Puts findings on cards, those with one cause on one, the most important first; if nothing stands
 * out, a card says so.
 */
export function toCards(found: readonly CausedFinding[], inputs: FindingInputs): Finding[] {
  const standsOut = found.some(({ kind }) => kind !== "data");
  const all = groupByCause(standsOut ? found : [...found, nothing(inputs)]);
  // What the report does not show is always among the cards.
  const data = all.filter(({ kind }) => kind === "data");
  const others = all.filter(({ kind }) => kind !== "data").slice(0, MAX_CARDS - data.length);
  const long = [...inputs.durations, ...inputs.quantities].map(({ label }) => label)
    .filter((label) => label.length > LONGEST_LABEL);
  return byWeight([...others, ...data]).map((finding) => withShortLabels(finding, long));
}

/** A finding whose sentences have the beginning and the end of labels that nobody reads whole. */
function withShortLabels(finding: Finding, long: readonly string[]): Finding {
  if (long.length === 0) return finding;
  const short = (text: string): string =>
    long.reduce((rest, label) => rest.replaceAll(label, shorten(label, LONGEST_LABEL)), text);
  const { text, because, also } = finding;
  return {
    ...finding,
    text: short(text),
    ...because === undefined ? {} : { because: short(because) },
    ...also && { also: also.map((of) => withShortLabels(of, long)) },
  };
}

/** The finding that nothing stands out, and what was checked; or that there is too little to tell. */
function nothing(inputs: FindingInputs): UnexplainedFinding {
  const { series, few, thing } = subjects(inputs);
  const has = (label: string): boolean => inputs.quantities.some((quantity) => quantity.label === label);
  const checked = [
    ...calmRequests(inputs),
    ...(series.length > 1 ? [`no kind of ${thing} is much slower than the others`] : []),
    ...(series.length > 0 ? ["none became slower, or has typical times far from each other"] : []),
    ...(has(SERIES.eventLoopLag)
      ? [`the event loop was never blocked for ${formatDuration(MIN_STALL, { trim: true })}`]
      : []),
    ...(has(SERIES.gcPause) ? ["garbage collection took little time"] : []),
    ...(has(SERIES.rss) ? ["memory did not grow much"] : []),
  ];
  const largest = largestShare(inputs);
  const tooFew = few === 0
    ? ""
    : ` ${capitalize(counted(few, "label"))} ${few === 1 ? "has" : "have"} too few ${thing}s to tell.`;
  if (checked.length === 0) {
    const rows = counted(inputs.rows, "observation");
    return { kind: "latency", weight: "note", text: `Too few to tell: of ${rows} nothing can be said.${tooFew}` };
  }
  return {
    kind: "latency",
    weight: "note",
    text: `Nothing stands out: ${checked.join(", ")}.${largest === undefined ? "" : ` ${largest}`}${tooFew}`,
  };
}
