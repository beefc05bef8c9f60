/**
 * Does something with each element, with so many of them at a time; in their order, as far as that
 * goes.
 */
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
