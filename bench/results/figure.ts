/** The middle of several measurements, and how far they lie apart. */
export interface Spread {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

/** One thing that was measured. */
export interface Figure {
  /** What: the name of its line in the table. */
  readonly what: string;
  /** What it is a ratio to. */
  readonly against?: string;
  /** `x` for a ratio, otherwise `ns`, `ms`, `MiB` and so on; empty for a bare count. */
  readonly unit: string;
  readonly value: Spread;
  /** What was wished for. */
  readonly goal?: { readonly atMost: number } | { readonly atLeast: number };
}

/** What one part of the bench found on one runtime. */
export interface Findings {
  readonly figures: readonly Figure[];
}

/** The spread of measurements, of which there must be one. */
export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const [lowest, highest] = [sorted[0], sorted.at(-1)];
  if (lowest === undefined || highest === undefined) throw new Error("Cannot tell the spread: nothing was measured");
  const half = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
  return { median, lowest, highest };
}

/** Whether a goal is reached by the median. */
export function isReached({ goal, value }: Figure): boolean {
  if (goal === undefined) return true;
  return "atMost" in goal ? value.median <= goal.atMost : value.median >= goal.atLeast;
}

/** Ends a part: prints what it found as the last line, for `main.ts`. */
export function tell(findings: Findings): void {
  console.log(JSON.stringify(findings));
}
