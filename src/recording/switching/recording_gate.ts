import type { RecordingState } from "../../control/answer_file.ts";
import type { ChannelRule, RecordingRules } from "../../control/recording_rules.ts";
import { CONTROL_FILE } from "../../files/names.ts";
import { NANOSECONDS_PER_MS } from "../../series.ts";
import { optional } from "../../small_json.ts";
import { RecordingSwitch, switchLabel, type SwitchScope } from "../../recording_switch.ts";

/** A row about a switch. */
export type SwitchRow = readonly [label: string, value: number];

/** What a {@linkcode RecordingGate} opens and shuts. */
export interface RecordingGateDeps {
  /** From now on the channels take what a function says of each. */
  readonly follow: (ruleOf: (channel: string) => ChannelRule) => void;
  /** Records rows about a switch, all with one timepoint, whatever the channels take. */
  readonly record: (rows: readonly SwitchRow[]) => void;
  /** Called before all is switched off, and after it is switched on. */
  readonly switched: (on: boolean) => void;
}

/**
 * Whether a recording records: not while the program has paused it, and otherwise as the rules say.
 * It records its own switches (see `recording_switch.ts`), so that readers know a pause from quiet.
 */
export class RecordingGate {
  readonly #deps: RecordingGateDeps;
  #rules: RecordingRules;
  #isPaused = false;
  #isOn = true;
  /** The rows of the latest switch; by themselves all is on. */
  #rows: readonly SwitchRow[] = [[switchLabel({}), RecordingSwitch.on]];

  /** Is open, whatever the rules say, until {@linkcode RecordingGate.follow}. */
  constructor(deps: RecordingGateDeps, rules: RecordingRules) {
    this.#deps = deps;
    this.#rules = rules;
  }

  /** Whether it records, and why not, or not all. */
  get state(): RecordingState {
    if (this.#isPaused) return { on: false, reason: "paused by the program" };
    const { general, firstEnd } = this.#rules;
    if (!this.#isOn) {
      const reason = `off by ${general === undefined ? "the option record" : CONTROL_FILE}`;
      return { on: false, reason, ...optional("until", inMs(general?.until)) };
    }
    const until = optional("until", inMs(firstEnd));
    const others = this.#exceptions();
    if (others.length === 0) return { on: true, ...until };
    const names = others.slice(0, 4).map(nameOf).join(", ") + (others.length > 4 ? ", …" : "");
    const reason = `${this.#rules.isRecorded({}) ? "all but" : "only"} ${names} by ${CONTROL_FILE}`;
    return { on: true, reason, ...until };
  }

  /** Records nothing from now on, until {@linkcode RecordingGate.resume}. */
  pause(): void {
    this.#isPaused = true;
    this.#apply();
  }

  /** Records again, as the rules say. */
  resume(): void {
    this.#isPaused = false;
    this.#apply();
  }

  /** From now on follows these rules. */
  follow(rules: RecordingRules): void {
    this.#rules = rules;
    this.#apply();
  }

  #apply(): void {
    const { follow, switched, record } = this.#deps;
    const wasOn = this.#isOn;
    this.#isOn = !this.#isPaused && !this.#rules.recordNothing;
    if (wasOn && !this.#isOn) switched(false);
    follow((channel) => !this.#isPaused && this.#rules.channel(channel));
    const rows = this.#rowsNow();
    if (JSON.stringify(rows) !== JSON.stringify(this.#rows)) record(rows);
    this.#rows = rows;
    if (!wasOn && this.#isOn) switched(true);
  }

  #rowsNow(): SwitchRow[] {
    const row = (scope: SwitchScope): SwitchRow => {
      const isRecorded = !this.#isPaused && this.#rules.isRecorded(scope);
      return [switchLabel(scope), isRecorded ? RecordingSwitch.on : RecordingSwitch.off];
    };
    return [row({}), ...this.#isPaused ? [] : this.#exceptions().map(row)];
  }

  /** What is recorded although the rest is not, or the other way round. */
  #exceptions(): SwitchScope[] {
    const general = this.#rules.isRecorded({});
    return this.#rules.scopes.filter((scope) => this.#rules.isRecorded(scope) !== general);
  }
}

function inMs(time: bigint | undefined): number | undefined {
  return time === undefined ? undefined : Number(time / BigInt(NANOSECONDS_PER_MS));
}

function nameOf({ channel, label }: SwitchScope): string {
  return [
    ...channel === undefined ? [] : [`channel ${channel}`],
    ...label === undefined ? [] : [`label ${label}`],
  ].join(" ");
}
