/** A number with its thousands set apart. */
export function formatNumber(value: number): string {
  return value.toLocaleString("en-US");
}
