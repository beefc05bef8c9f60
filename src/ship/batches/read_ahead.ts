/** Reads the next thing while one is worked on, from when it is told to begin. */
export class ReadAhead<Thing> {
  readonly #read: () => Promise<Thing>;
  #next: Promise<Thing> | undefined;

  /** Reads nothing yet. */
  constructor(read: () => Promise<Thing>) {
    this.#read = read;
  }

  /** Begins to read, unless it has begun. A failure is told by {@linkcode ReadAhead.take}. */
  begin(): void {
    if (this.#next !== undefined) return;
    this.#next = this.#read();
    this.#next.catch(() => {}); // it is awaited later
  }

  /** The next thing. */
  async take(): Promise<Thing> {
    this.begin();
    const next = this.#next!;
    this.#next = undefined;
    return await next;
  }

  /** Resolves once nothing is being read. */
  async end(): Promise<void> {
    await this.#next?.catch(() => {});
  }
}
