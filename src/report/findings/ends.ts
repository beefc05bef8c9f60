/**
 * Findings about how programs ended: killed, failed, started over and over, and times in which
 * nothing recorded.
 *
 * @module
 */

import { type Remark, remarksOn } from "../../analysis/programs/remarks.ts";
import { counted, formatSpan } from "../../display/numbers.ts";
import { timeOfDay } from "../shared/clock_times.ts";
import { capitalize, type FindingInputs, type UnexplainedFinding } from "./finding_inputs.ts";

/** Maximum number of findings of each kind: the lines of the page show all. */
const MAX_OF_A_KIND = 3;

/** Finds what became of the programs, the worst first. */
export function endsOfPrograms({ programs, from, span }: FindingInputs): UnexplainedFinding[] {
  const remarks = remarksOn(programs, {
    time: (timepoint) => timeOfDay(Number(timepoint - BigInt(from))),
    span: (seconds) => formatSpan(seconds),
  });
  const begin = BigInt(from);
  const within = (timepoint: bigint): number => Math.min(span, Math.max(0, Number(timepoint - begin)));
  return [...Map.groupBy(remarks, ({ kind }) => kind).values()].flatMap((same) =>
    same.slice(0, MAX_OF_A_KIND).map((remark, i): UnexplainedFinding => {
      const left = i === MAX_OF_A_KIND - 1 ? same.length - MAX_OF_A_KIND : 0;
      return {
        kind: "ends",
        weight: weightOf(remark),
        text: `${sentence(remark)}.${left > 0 ? ` The same is so of ${counted(left, "other program")}.` : ""}`,
        window: [within(remark.from), within(remark.to)],
      };
    })
  );
}

/** Names are written as they are, also at the beginning of a sentence. */
function sentence({ kind, text }: Remark): string {
  return kind === "gap" ? capitalize(text) : text;
}

function weightOf({ kind, isBad }: Remark): UnexplainedFinding["weight"] {
  return isBad ? "bad" : kind === "gap" ? "attention" : "note";
}
