/**
 * Whether a version, such as `"2.9.6"`, is at least another one. What comes with a version is told by
 * it where trying costs too much: loading `node:v8` takes 40 ms and more on Deno 2.9, and
 * `node:inspector` 10 ms on Bun.
 */
export function isAtLeast(version: string, least: string): boolean {
  const numbers = numbersOf(version);
  for (const [i, number] of numbersOf(least).entries()) {
    if (numbers[i] !== number) return (numbers[i] ?? 0) > number;
  }
  return true;
}

/** A pre-release, such as `1.4.0-canary.1`, has what its release has. */
function numbersOf(version: string): number[] {
  return version.split(/[-+]/)[0]!.split(".").map(Number);
}
