/** Waits until something holds, which keeps the program alive meanwhile. Throws after ten seconds. */
export async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`it never held: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
