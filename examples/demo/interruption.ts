import process from "node:process";

const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/**
 * Ctrl-C comes twice under `deno task`: from the terminal, and from the task, which hands it on, up
 * to so many ms later.
 */
const ECHO = 1_000;

/** Whether the user wants the demo to end. */
export class Interruption {
  readonly #controller = new AbortController();
  #exitCode: number | undefined;

  /**
   * Waits for a first signal. A later one has its ordinary effect, should the end take too long.
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

  /** What a shell says of a program that ended by that signal; `undefined` if there was none. */
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
