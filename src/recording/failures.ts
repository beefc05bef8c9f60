import { onRejection } from "../errors.ts";

/** How many failures wait to be told; more than that, in a program whose event loop does not turn, are only counted. */
const MAX_UNTOLD = 100;

/**
 * The failures of a recording. They are told to the program once the call is over in which they happened, so that what it does then, such as
 * recording or stopping, never meets a buffer that is being exchanged.
 */
export class Failures {
  readonly #onError: (error: Error) => unknown;
  #untold: Error[] = [];
  #count = 0;
  #last: Error | undefined;

  /** Tells `onError`; what that throws is ignored. */
  constructor(onError: (error: Error) => unknown) {
    this.#onError = onError;
  }

  /** How many there were. */
  get count(): number {
    return this.#count;
  }

  /** The latest one. */
  get last(): Error | undefined {
    return this.#last;
  }

  /** Counts a failure, and has it told soon. */
  report(error: Error): void {
    this.#count++;
    this.#last = error;
    if (this.#untold.length === 0) queueMicrotask(() => this.tell());
    if (this.#untold.length < MAX_UNTOLD) this.#untold.push(error);
  }

  /** Tells at once what was not told yet: at the end of a program there is no soon. */
  tell(): void {
    const untold = this.#untold;
    this.#untold = [];
    for (const error of untold) {
      // Whoever is told of failures may fail; the program goes on.
      try {
        onRejection(this.#onError(error), () => {});
      } catch {
        continue;
      }
    }
  }
}
