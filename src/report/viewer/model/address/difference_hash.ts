/**
 * The view of a comparison in the page's address: what follows `#`, as
 * `time=12.5/30&find=orders&verdict=worse&label=…`.
 *
 * Times are seconds since the beginning of the runs, which all lie over each other.
 *
 * @module
 */

import { NANOSECONDS_PER_SECOND } from "../../../../series.ts";
import type { DifferenceData } from "../../../shared/difference_data.ts";
import { type LinkedView, toHash, type ViewFormat } from "./view_hash.ts";

/** The views of a comparison. `first`: the label that is shown at first; `verdicts`: those of its table. */
export function differenceViews(
  { bins, comparisons, labels }: Pick<DifferenceData, "bins" | "comparisons" | "labels">,
  { first, verdicts }: { readonly first: string | undefined; readonly verdicts: readonly string[] },
): ViewFormat {
  const whole = { from: 0, to: Math.max(1, bins.count) };
  const known = new Set([...comparisons, ...labels].map(({ label }) => label));
  const format = ({ from, to, labelText, verdict, opened }: LinkedView): string => {
    const parameters = new URLSearchParams();
    const seconds = (bin: number): number => bin * bins.width / NANOSECONDS_PER_SECOND;
    if (from !== whole.from || to !== whole.to) parameters.set("time", `${seconds(from)}/${seconds(to)}`);
    if (labelText !== "") parameters.set("find", labelText);
    if (verdict !== undefined) parameters.set("verdict", verdict);
    if (opened !== undefined && opened !== first) parameters.set("label", opened);
    return toHash(parameters);
  };
  const parse = (hash: string): LinkedView => {
    const parameters = new URLSearchParams(hash.replace(/^#/, ""));
    const [, ...times] = /^(\d+(?:\.\d+)?)\/(\d+(?:\.\d+)?)$/.exec(parameters.get("time") ?? "") ?? [];
    const [from = NaN, to = NaN] = times.map((time) => Math.round(Number(time) * NANOSECONDS_PER_SECOND / bins.width));
    const isTime = from < to && from < whole.to;
    const [verdict, opened] = [parameters.get("verdict") ?? "", parameters.get("label") ?? undefined];
    return {
      from: isTime ? from : whole.from,
      to: isTime ? Math.min(whole.to, to) : whole.to,
      processes: new Set(),
      picked: new Set(),
      labelText: parameters.get("find") ?? "",
      verdict: verdicts.includes(verdict) ? verdict : undefined,
      opened: opened !== undefined && known.has(opened) ? opened : first,
    };
  };
  return { format, parse };
}
