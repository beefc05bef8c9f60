/** Median, lowest and highest of several measurements. */
export interface Spread {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

/** A measured figure. */
export interface Figure {
  /** Name of its line in the table. */
  readonly what: string;
  /** The other side of a ratio. */
  readonly against?: string;
  /** `x` for a ratio, otherwise `ns`, `ms`, `MiB` and so on; empty for a bare count. */
  readonly unit: string;
  readonly value: Spread;
  /** The goal. */
  readonly goal?: { readonly atMost: number } | { readonly atLeast: number };
}

/** The findings of a part of the bench on one runtime. */
export interface Findings {
  readonly figures: readonly Figure[];
}

/** The spread of at least one measurement. */
export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const [lowest, highest] = [sorted[0], sorted.at(-1)];
  if (lowest === undefined || highest === undefined) {
    throw new Error("Cannot compute the spread: there are no measurements");
  }
  const half = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
  return { median, lowest, highest };
}

/** Whether the median reaches the goal. */
export function isReached({ goal, value }: Figure): boolean {
  if (goal === undefined) return true;
  return "atMost" in goal ? value.median <= goal.atMost : value.median >= goal.atLeast;
}

/** Prints the findings of a part as its last line, for `main.ts`. */
export function reportFindings(findings: Findings): void {
  console.log(JSON.stringify(findings));
}
