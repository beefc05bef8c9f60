/** Waits until `holds` returns `true`, and keeps the program alive. Throws after 10 s. */
export async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`Cannot wait any longer: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
