/** A number cut to so many significant digits, so that it takes less room in the page. */
export function toDigits(digits: number, value: number): number {
  return Number(value.toPrecision(digits));
}
