import process from "node:process";

const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** Whether the user wants the demo to end. */
export class Interruption {
  readonly #controller = new AbortController();
  #exitCode: number | undefined;

  /** Waits for a first signal. A second one has its ordinary effect, should the end take too long. */
  constructor() {
    const interrupt = (name: NodeJS.Signals) => {
      for (const signal of Object.keys(SIGNALS)) process.off(signal, interrupt);
      this.#exitCode = 128 + SIGNALS[name as keyof typeof SIGNALS];
      this.#controller.abort();
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
