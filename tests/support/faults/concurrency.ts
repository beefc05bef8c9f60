/** Runs `work` for each element, at most `width` of them concurrently, started in their order. */
export async function forEachConcurrently<T>(
  all: Iterable<T>,
  width: number,
  work: (element: T) => Promise<void>,
): Promise<void> {
  const elements = all[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = elements.next(); !next.done; next = elements.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: width }, worker));
}
