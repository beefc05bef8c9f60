import type { DurationRecorder } from "../sampling/time_it.ts";

/** A response that is not over. */
export interface OpenResponse {
  /** Ends its sample. */
  onEnd(): void;
}

/** Responses that are kept; samples of further ones are lost if they are not over at the end. */
const MAX = 10_000;

/** Ends the samples of responses that are not over when the recorder records no more. */
export class OpenResponses {
  readonly #recorder: Pick<DurationRecorder, "beforeFlush">;
  readonly #open = new Set<OpenResponse>();
  #stopListening: (() => void) | undefined;

  /** Listens to `recorder` while there are such responses. */
  constructor(recorder: Pick<DurationRecorder, "beforeFlush">) {
    this.#recorder = recorder;
  }

  /** Adds a response that has begun. */
  add(response: OpenResponse): void {
    if (this.#open.size >= MAX) return;
    this.#open.add(response);
    this.#stopListening ??= this.#recorder.beforeFlush?.((isEnd) => {
      if (!isEnd) return;
      for (const open of this.#open) {
        this.delete(open);
        open.onEnd();
      }
    });
  }

  /** Removes a response that is over. */
  delete(response: OpenResponse): void {
    this.#open.delete(response);
    if (this.#open.size > 0) return;
    this.#stopListening?.();
    this.#stopListening = undefined;
  }
}
