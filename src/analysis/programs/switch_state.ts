import { narrowness, parseSwitchLabel, RecordingSwitch, type SwitchScope } from "../../recording_switch.ts";

/** Narrower switches that are remembered; a program has a few. */
const MAX_NARROW = 256;

/** Rows may be on their way when recording is switched off; later ones show that it is on, ns. */
const IN_FLIGHT = 2e9;

/** What is recorded, by the latest switches of a process. */
export interface SwitchedState {
  /** Since when nothing at all is recorded, in the times of the rows; absent while something is. */
  readonly offSince?: number;
  /** What is recorded although the rest is not, or not recorded although the rest is. */
  readonly exceptions: readonly SwitchScope[];
  /** Whether the rest is recorded. */
  readonly restIsOn: boolean;
}

/** Follows the switches of a process, as they come. */
export class SwitchState {
  #at = -Infinity;
  #restIsOn = true;
  #offSince: number | undefined;
  /** The latest row that is no switch. */
  #latest = -Infinity;
  readonly #narrow = new Map<string, { readonly scope: SwitchScope; readonly at: number; readonly isOn: boolean }>();

  /**
   * Adds a row of the channel `runtime`; returns whether it switches something. Times are in ns.
   */
  add(label: string, value: number, time: number): boolean {
    const scope = parseSwitchLabel(label);
    if (scope === undefined) return false;
    const isOn = value === RecordingSwitch.on;
    if (!isOn && value !== RecordingSwitch.off || time < this.#at) return true;
    if (narrowness(scope) === 0) {
      for (const [key, { at }] of this.#narrow) if (at < time) this.#narrow.delete(key);
      this.#at = time;
      this.#restIsOn = isOn;
    } else if (this.#narrow.has(label) || this.#narrow.size < MAX_NARROW) {
      this.#narrow.set(label, { scope, at: time, isOn });
    }
    this.#offSince = this.#isOff ? this.#offSince ?? time : undefined;
    return true;
  }

  /** Notes that another row was recorded at a time. */
  noteRow(time: number): void {
    if (time > this.#latest) this.#latest = time;
  }

  /** What is recorded now. */
  get state(): SwitchedState {
    const exceptions = [...this.#narrow.values()].filter(({ isOn }) => isOn !== this.#restIsOn);
    const since = this.#offSince;
    // Rows without an isolate may be of a program that has begun since.
    const isOff = since !== undefined && this.#latest <= since + IN_FLIGHT;
    return {
      ...isOff ? { offSince: since } : {},
      exceptions: isOff || since !== undefined ? [] : exceptions.map(({ scope }) => scope),
      restIsOn: this.#restIsOn || since !== undefined && !isOff,
    };
  }

  get #isOff(): boolean {
    return !this.#restIsOn && [...this.#narrow.values()].every(({ isOn }) => !isOn);
  }
}
