/**
 * Findings about CPU time: busy processes and hot functions.
 *
 * @module
 */

import { sumTimes } from "../../analysis/profile/call_tree.ts";
import { formatPercent, formatTotalTime, significant } from "../../display/numbers.ts";
import { CPU_RATE } from "../../series.ts";
import { functionKey, type QuantityCells } from "../shared/report_data.ts";
import { causeOf } from "./causes.ts";
import {
  capitalize,
  type FindingInputs,
  nameProcess,
  secondsRecorded,
  sum,
  type UnexplainedFinding,
} from "./finding_inputs.ts";

/**
 * CPU cores from which a process counts as busy: JavaScript runs on one, and requests queue up when
 * it is used for more than four fifths of the time.
 */
const BUSY = 0.8;

/** A process that recorded for less than this is starting, not under load; seconds. */
const MIN_SECONDS = 5;

/** Finds processes that kept a CPU core busy. */
export function busyProcesses(inputs: FindingInputs): UnexplainedFinding[] {
  const cpu = inputs.quantities.find(({ label, unit }) => label === CPU_RATE && unit === "cores");
  const [busiest, ...others] = (cpu?.processes ?? []).map((cells) => ({ ...usage(cells), process: cells.process }))
    .filter(({ process, mean }) => mean >= BUSY && secondsRecorded(process, inputs) >= MIN_SECONDS)
    .sort((a, b) => b.mean - a.mean);
  if (busiest === undefined) return [];
  const also = others.length === 0
    ? ""
    : ` So did ${others.length === 1 ? "another process" : `${others.length} other processes`}.`;
  return [{
    kind: "cpu",
    weight: "attention",
    text: capitalize(
      `${nameProcess(busiest.process, inputs)} used ${
        significant(busiest.mean, { trim: true })
      } CPU cores on average, and at least ` +
        `${BUSY} for ${
          formatPercent(busiest.busy, { trim: true })
        } of the time; the JavaScript of an isolate can use one core.${also}`,
    ),
    label: CPU_RATE,
    process: busiest.process,
    causes: [causeOf.cpu(busiest.process)],
  }];
}

/**
 * A function that takes at least this share of the busy time by itself is a finding, whatever else
 * is slow.
 */
const HOT = 0.2;

/** Less profiled busy time than this is some ten samples; seconds. */
const MIN_PROFILED_SECONDS = 0.1;

/** Maximum number of processes with a finding. */
const MAX_PROCESSES = 2;

/** Finds the function of each profiled process that took the most time by itself. */
export function hotFunctions(inputs: FindingInputs): UnexplainedFinding[] {
  const hot = inputs.profiles.flatMap(({ process, tree }) => {
    if (tree.total < MIN_PROFILED_SECONDS) return [];
    const [hottest] = sumTimes(tree, functionKey)
      .filter(({ node }) => !isBracketed(node.name))
      .sort((a, b) => b.self - a.self);
    if (hottest === undefined) return [];
    const { node: { name, place }, self } = hottest;
    return [{ process, name, place, self, share: self / tree.total }];
  }).filter(({ share }) => share >= HOT);
  return hot.sort((a, b) => b.share - a.share).slice(0, MAX_PROCESSES).map(({ process, name, place, self, share }) => ({
    kind: "cpu",
    weight: "note",
    text:
      `The function ${place === "" ? name : `${name} (${place})`} took ${
        formatPercent(share, { trim: true })
      } of the busy time in the ` +
      `CPU profile${process === undefined ? "" : ` of ${nameProcess(process, inputs)}`}: ` +
      `${formatTotalTime(self)} in the function itself.`,
    function: name,
    ...(process === undefined ? {} : { process, causes: [causeOf.cpu(process)] }),
  }));
}

/** Whether a name is in brackets: such a node is no function, or a function without a name. */
function isBracketed(name: string): boolean {
  return name.startsWith("(");
}

/** Returns the cores used on average, and the share of the time in which a process was busy. */
function usage({ mean, count }: QuantityCells): { mean: number; busy: number } {
  const all = sum(count);
  return {
    mean: sum(mean.map((cores, i) => cores * count[i]!)) / all,
    busy: sum(mean.map((cores, i) => cores >= BUSY ? count[i]! : 0)) / all,
  };
}
