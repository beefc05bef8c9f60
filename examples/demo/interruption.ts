import process from "node:process";

const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/**
 * Under `deno task` Ctrl-C arrives twice: from the terminal, and from the task, up to this many ms
 * later.
 */
const ECHO = 1_000;

/** The signals that end the demo. */
export class Interruption {
  readonly #controller = new AbortController();
  #exitCode: number | undefined;

  /**
   * Waits for a first signal. A later one has its default effect, in case the demo takes too long
   * to end.
   */
  constructor() {
    const interrupt = (name: NodeJS.Signals) => {
      if (this.#exitCode !== undefined) return;
      this.#exitCode = 128 + SIGNALS[name as keyof typeof SIGNALS];
      this.#controller.abort();
      setTimeout(() => {
        for (const signal of Object.keys(SIGNALS)) process.off(signal, interrupt);
      }, ECHO).unref();
    };
    for (const signal of Object.keys(SIGNALS)) process.on(signal, interrupt);
  }

  /** Aborted by the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * The exit code that a shell reports for a program killed by that signal; `undefined` without a
   * signal.
   */
  get exitCode(): number | undefined {
    return this.#exitCode;
  }
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}
