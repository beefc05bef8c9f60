import type { CliContext } from "../../context.ts";

/** What Ctrl-C sends where the terminal does not make a signal of it. */
const CTRL_C = "\x03";

/** Whether the user has seen enough: an interruption (SIGINT, Ctrl-C), or the key `q` if keys are read. */
export class Interruption implements Disposable {
  /** Whether that has happened. */
  happened = false;
  readonly #forget: () => void;
  #leaveKeyboard: (() => void) | undefined;

  /** Listens until it is disposed of. */
  constructor(context: CliContext, readsKeys: boolean) {
    this.#forget = context.onInterrupt(() => this.happened = true);
    if (!readsKeys) return;
    this.#leaveKeyboard = context.onKeys?.((keys) => {
      if (keys.includes("q") || keys.includes(CTRL_C)) this.happened = true;
    });
  }

  /** Reads keys no more. */
  leaveKeyboard(): void {
    this.#leaveKeyboard?.();
    this.#leaveKeyboard = undefined;
  }

  /** See {@linkcode Disposable}. */
  [Symbol.dispose](): void {
    this.leaveKeyboard();
    this.#forget();
  }
}
