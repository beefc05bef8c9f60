/**
 * Tells tests that are wrong from tests that waited too short on a busy machine.
 *
 * @module
 */

/** Runs that are repeated at most. If more fail, it is not the machine. */
const MOST_AGAIN = 3;

/** What came of {@linkcode runThenAgain}. */
export interface Repeated<T, O> {
  /** Of each task, the outcome that counts: the last. */
  readonly outcomes: readonly (readonly [task: T, outcome: O])[];
  /** The first outcomes of those that failed beside others and then passed alone. */
  readonly unsteady: readonly (readonly [task: T, outcome: O])[];
}

/**
 * Runs tasks, `width` of them concurrently, in the order given. Up to {@linkcode MOST_AGAIN} that fail
 * are run again, alone.
 */
export async function runThenAgain<T, O>(
  tasks: readonly T[],
  width: number,
  run: (task: T) => Promise<O>,
  hasPassed: (outcome: O, task: T) => boolean,
): Promise<Repeated<T, O>> {
  const last = new Map<T, O>();
  const queue = tasks.values();
  const work = async (): Promise<void> => {
    for (const task of queue) last.set(task, await run(task));
  };
  await Promise.all(Array.from({ length: width }, work));
  const unsteady: [T, O][] = [];
  const failed = [...last].filter(([task, outcome]) => !hasPassed(outcome, task));
  for (const [task, first] of failed.length <= MOST_AGAIN ? failed : []) {
    const second = await run(task);
    last.set(task, second);
    if (hasPassed(second, task)) unsteady.push([task, first]);
  }
  return { outcomes: [...last], unsteady };
}
