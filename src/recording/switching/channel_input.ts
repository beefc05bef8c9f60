import type { ChannelRule } from "../../control/recording_rules.ts";
import type { ObserveOptions } from "../../sampling/timepoint.ts";
import type { DoubleBuffer } from "../buffers/double_buffer.ts";

/** What takes the observations of a channel: its buffer, or what keeps some or all from it. */
export type ChannelInput = Pick<DoubleBuffer, "observe" | "observeMany" | "add">;

/** Labels whose verdict is remembered. */
const MAX_REMEMBERED = 10_000;

/** Takes nothing. */
const REFUSED: ChannelInput = { observe: () => {}, observeMany: () => {}, add: () => {} };

/**
 * The input of a channel under a rule. While all of the channel is recorded that is the buffer
 * itself, so that rules cost nothing where there are none.
 */
export function inputOf(buffer: () => DoubleBuffer, rule: ChannelRule): ChannelInput {
  if (typeof rule === "boolean") return rule ? buffer() : REFUSED;
  return new SelectiveInput(buffer(), rule);
}

/** Gives a buffer the observations with some labels, and leaves out the others. */
class SelectiveInput implements ChannelInput {
  readonly #buffer: DoubleBuffer;
  readonly #isRecorded: (label: string) => boolean;
  readonly #verdicts = new Map<string, boolean>();

  constructor(buffer: DoubleBuffer, isRecorded: (label: string) => boolean) {
    this.#buffer = buffer;
    this.#isRecorded = isRecorded;
  }

  observe(label: string, value: number, options?: ObserveOptions): void {
    if (this.#takes(label)) this.#buffer.observe(label, value, options);
  }

  observeMany(observations: Iterable<readonly [label: string, value: number]>, options?: ObserveOptions): void {
    this.#buffer.observeMany(this.#selected(observations), options);
  }

  add(label: string, value: number, timepoint: number): void {
    if (this.#takes(label)) this.#buffer.add(label, value, timepoint);
  }

  *#selected(
    observations: Iterable<readonly [label: string, value: number]>,
  ): Generator<readonly [label: string, value: number]> {
    for (const pair of observations) if (!Array.isArray(pair) || this.#takes(pair[0])) yield pair;
  }

  /** What is no label is left to the buffer, which counts it as invalid. */
  #takes(label: unknown): boolean {
    if (typeof label !== "string") return true;
    const known = this.#verdicts.get(label);
    if (known !== undefined) return known;
    if (this.#verdicts.size >= MAX_REMEMBERED) this.#verdicts.clear();
    const verdict = this.#isRecorded(label);
    this.#verdicts.set(label, verdict);
    return verdict;
  }
}
