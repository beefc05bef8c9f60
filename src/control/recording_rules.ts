import { optional } from "../small_json.ts";
import { type Control, type ControlRule, isTarget } from "./control_file.ts";
import { labelMatcher, matchesLabel } from "../label_pattern.ts";
import { switchLabel, type SwitchScope } from "../recording_switch.ts";

/** Who an isolate is, for rules and requests. */
export interface Identity {
  readonly pid: number;
  readonly isolate: string;
  /** The name of the service. */
  readonly name: string;
}

/** What is recorded of a channel: all, nothing, or what a function says of a label. */
export type ChannelRule = boolean | ((label: string) => boolean);

/**
 * The rules that hold for one isolate at one moment. The last rule that matches decides; without
 * one, everything is recorded or nothing, as its options say.
 */
export class RecordingRules {
  /** When the first of the rules ends, ns since the epoch; `undefined` if none does. */
  readonly firstEnd: bigint | undefined;
  readonly #rules: readonly ControlRule[];
  readonly #byDefault: boolean;

  /** Takes the rules that are for `me` and have not ended at `now`, ns since the epoch. */
  constructor({ rules }: Pick<Control, "rules">, me: Identity, now: bigint, byDefault: boolean) {
    const matches = (pattern: string): boolean => matchesLabel(pattern, me.name);
    this.#rules = rules.filter((rule) => (rule.until === undefined || rule.until > now) && isTarget(rule, me, matches));
    this.#byDefault = byDefault;
    let first: bigint | undefined;
    for (const { until } of this.#rules) {
      if (until !== undefined && (first === undefined || until < first)) first = until;
    }
    this.firstEnd = first;
  }

  /** Whether nothing at all is recorded. */
  get recordNothing(): boolean {
    const decisive = this.#rules.findLastIndex((rule) => isAbout(rule, {}));
    const base = decisive < 0 ? this.#byDefault : this.#rules[decisive]!.record;
    return !base && this.#rules.slice(decisive + 1).every(({ record }) => !record);
  }

  /** The rule that decides about everything that no narrower rule is about. */
  get general(): ControlRule | undefined {
    return this.#rules.findLast((rule) => isAbout(rule, {}));
  }

  /** What the rules are about that are narrower than everything, each once. */
  get scopes(): readonly SwitchScope[] {
    const scopes = new Map<string, SwitchScope>();
    for (const { channel, label } of this.#rules) {
      if (channel === undefined && label === undefined) continue;
      const scope = { ...optional("channel", channel), ...optional("label", label) };
      scopes.set(switchLabel(scope), scope);
    }
    return [...scopes.values()];
  }

  /** Whether what has a scope is recorded. */
  isRecorded(scope: SwitchScope): boolean {
    return this.#rules.findLast((rule) => isAbout(rule, scope))?.record ?? this.#byDefault;
  }

  /** What is recorded of a channel. */
  channel(channel: string): ChannelRule {
    const rules = this.#rules.filter((rule) => rule.channel === undefined || rule.channel === channel);
    const decisive = rules.findLastIndex(({ label }) => label === undefined);
    const base = decisive < 0 ? this.#byDefault : rules[decisive]!.record;
    const ofLabels = rules.slice(decisive + 1);
    if (ofLabels.every(({ record }) => record === base)) return base;
    const matchers = ofLabels.map(({ label = "", record }) => ({ matches: labelMatcher(label), record }));
    return (label) => matchers.findLast(({ matches }) => matches(label))?.record ?? base;
  }
}

/** Whether a rule decides about all that has a scope. */
function isAbout(rule: SwitchScope, { channel, label }: SwitchScope): boolean {
  return (rule.channel === undefined || rule.channel === channel) && (rule.label === undefined || rule.label === label);
}
