/** What a duration sample costs beside two looks at the clock by hand. The same bodies run under `deno bench` and, on Bun, under mitata. */

import * as monitor from "@kymo/kymo";

/** One contender: `run` does the thing once. */
export interface Contender {
  readonly name: string;
  readonly run: () => void;
}

const empty = (): void => {};
const timedEmpty = monitor.timeIt("empty")(empty);

// Kept, so that no compiler can leave the work out.
let sum = 0;

/** Each times an empty block. The first is what one would write by hand, which keeps nothing. */
export const contenders: readonly Contender[] = [
  {
    name: "two performance.now()",
    run: () => {
      const start = performance.now();
      sum += performance.now() - start;
    },
  },
  {
    name: "startDurationSample + stopDurationSample, flush included",
    run: () => monitor.stopDurationSample("my code block", monitor.startDurationSample()),
  },
  { name: "timeIt around an empty function, flush included", run: () => timedEmpty() },
  {
    name: "using time(), flush included",
    run: () => {
      using _ = monitor.time("my code block");
    },
  },
];

/**
 * Checks that the contenders do what they are timed for, then starts to record into a new directory.
 *
 * @throws {Error} if one of them does not.
 */
export async function prepare(monitoringDir: string): Promise<void> {
  const rounds = 1000;
  for (const { name, run } of contenders) {
    monitor.start({ monitoringDir });
    const before = sum;
    for (let i = 0; i < rounds; i++) run();
    await monitor.stop();
    const { flushed } = monitor.status();
    const expected = name.startsWith("two") ? 0 : rounds;
    if (flushed !== expected) throw new Error(`${name}: recorded ${flushed} samples, not ${expected}`);
    if (expected === 0 && sum === before) throw new Error(`${name}: no time passed`);
  }
  monitor.start({ monitoringDir });
}

/** Ends the recording. */
export async function finish(): Promise<void> {
  await monitor.stop();
  const { dropped, lastError } = monitor.status();
  if (dropped > 0 || lastError !== undefined) throw new Error(`${dropped} samples were dropped`, { cause: lastError });
}
