import { sumTimes } from "../../analysis/profile/call_tree.ts";
import { CPU_RATE } from "../data/quantity_kinds.ts";
import { functionKey, type QuantityCells } from "../shared/report_data.ts";
import { inPercent, inSeconds, plainNumber } from "../../display/words.ts";
import { capitalize, type Draft, type Facts, nameProcess, sum } from "./finding.ts";

/** Cores that a process has to use on average to be called busy: JavaScript runs on one, and beyond four fifths of that requests queue up. */
const BUSY = 0.8;

/** Less than this many seconds is a start, not a load. */
const LONG_ENOUGH = 5;

/** Processes that kept a processor busy. */
export function busyProcesses(facts: Facts): Draft[] {
  const cpu = facts.quantities.find(({ label, unit }) => label === CPU_RATE && unit === "cores");
  const [busiest, ...others] = (cpu?.processes ?? []).map((cells) => ({ ...usage(cells), pid: cells.pid }))
    .filter(({ pid, mean }) => mean >= BUSY && lifetime(pid, facts) >= LONG_ENOUGH)
    .sort((a, b) => b.mean - a.mean);
  if (busiest === undefined) return [];
  const also = others.length === 0
    ? ""
    : `, ${others.length === 1 ? "another process" : `${others.length} other processes`} nearly as many`;
  return [{
    kind: "cpu",
    weight: "attention",
    text: capitalize(
      `${nameProcess(busiest.pid, facts)} used ${plainNumber(busiest.mean)} processor cores on average${also}; ` +
        `JavaScript alone can use one for each isolate, and it was busy ${inPercent(busiest.busy)} of the time.`,
    ),
    label: CPU_RATE,
  }];
}

/** A function that takes this part of the busy time by itself is worth a look, whatever else is slow. */
const HOT = 0.2;

/** A shorter CPU time than this, in seconds, is some ten samples of the profiler. */
const LONG_ENOUGH_PROFILE = 0.1;

/** At most so many processes are told of. */
const MOST = 2;

/** Of each profiled process the function that took the most time by itself. */
export function hotFunction(facts: Facts): Draft[] {
  const hot = facts.profiles.flatMap(({ pid, tree }) => {
    if (tree.total < LONG_ENOUGH_PROFILE) return [];
    const [hottest] = sumTimes(tree, functionKey)
      .filter(({ node }) => !isBracketed(node.name))
      .sort((a, b) => b.self - a.self);
    if (hottest === undefined) return [];
    const { node: { name, place }, self } = hottest;
    return [{ pid, name, place, self, share: self / tree.total }];
  }).filter(({ share }) => share >= HOT);
  return hot.sort((a, b) => b.share - a.share).slice(0, MOST).map(({ pid, name, place, self, share }) => ({
    kind: "cpu",
    weight: "note",
    text: `The function ${place === "" ? name : `${name} (${place})`} took ${
      inPercent(share)
    } of the profiled time in which the JavaScript thread${
      pid === undefined ? "" : ` of ${nameProcess(pid, facts)}`
    } was busy: ${inSeconds(self)} by itself.`,
    function: name,
    ...(pid === undefined ? {} : { pid }),
  }));
}

/** What stands in brackets is no function, or has no name. */
function isBracketed(name: string): boolean {
  return name.startsWith("(");
}

/** Cores on average, and the part of the time during which most of one was used. */
function usage({ mean, count }: QuantityCells): { mean: number; busy: number } {
  const all = sum(count);
  return {
    mean: sum(mean.map((cores, i) => cores * count[i]!)) / all,
    busy: sum(mean.map((cores, i) => cores >= BUSY ? count[i]! : 0)) / all,
  };
}

function lifetime(pid: number, { processes }: Facts): number {
  const { first = 0, last = 0 } = processes.find((of) => of.pid === pid) ?? {};
  return (last - first) / 1e9;
}
