import { sanitize } from "../../display/sanitize.ts";
import type { CliContext } from "../context.ts";
import { writeError } from "./style.ts";

/** ms after which the same failure is told again. */
const REMINDER = 60_000;

/** Tells one kind of failure once, again after a minute, and when it is over. */
export class FailureTeller {
  readonly #context: Pick<CliContext, "stderr" | "now">;
  #told: { readonly text: string; readonly at: number } | undefined;

  constructor(context: Pick<CliContext, "stderr" | "now">) {
    this.#context = context;
  }

  /** Tells `failure`, or `over` if there is none any more; `inWords` makes the line of a failure. */
  tell(
    failure: string | undefined,
    { inWords = (text) => text, over }: { readonly inWords?: (text: string) => string; readonly over?: string } = {},
  ): void {
    const { stderr, now } = this.#context;
    const told = this.#told;
    if (failure === undefined) {
      if (told !== undefined && over !== undefined) writeError(stderr, over);
      this.#told = undefined;
      return;
    }
    if (told?.text === failure && now() - told.at <= REMINDER) return;
    writeError(stderr, inWords(sanitize(failure)));
    this.#told = { text: failure, at: now() };
  }
}
