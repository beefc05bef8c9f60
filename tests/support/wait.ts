import { stat } from "node:fs/promises";

/** Resolves in the next turn of the event loop, when all microtasks have run. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Waits until `holds` returns `true`, and keeps the program alive. Throws after 10 s. */
export async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`Cannot wait any longer: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Waits for what no fake timers can hold up: one operation on a file after the other. */
export async function untilWithoutTimers(holds: () => boolean): Promise<void> {
  while (!holds()) await stat(".");
}
