/**
 * The rows that say when a program did not record. They stand among the samples of the runtime: one
 * for each switch, from whose timepoint on what it covers is off or on.
 *
 * | label                                      | covers                                    |
 * | ------------------------------------------ | ----------------------------------------- |
 * | `recording`                                | all that the isolate records              |
 * | `recording channel <name>`                 | a channel                                 |
 * | `recording label <pattern>`                | labels that match, in all channels        |
 * | `recording channel <name> label <pattern>` | labels that match, in a channel           |
 *
 * What no row has covered yet is on. A row holds for all that it covers, whatever earlier rows said:
 * of the rows that cover a series, the latest counts; of those with the same timepoint the one
 * further down in the table; and of equals, off. So a program writes anew, with the timepoint of a
 * switch, each narrower switch that is still to hold: `recording` 1 and `recording channel sales` 0
 * when it resumes, while `sales` stays off. These rows themselves are recorded in any state.
 *
 * @module
 */

import { matchesLabel } from "./label_pattern.ts";

/** Values of the rows. Others say nothing. */
export const RecordingSwitch = {
  /** Off from here. */
  off: 0,
  /** On, or on again, from here. */
  on: 1,
} as const;

/** What a switch covers: without conditions, all that an isolate records. */
export interface SwitchScope {
  /** Only this channel. */
  readonly channel?: string;
  /** Only labels that match this pattern; see `label_pattern.ts`. */
  readonly label?: string;
}

/** Begins the labels of the rows; alone it is the label of the switch of everything. */
export const RECORDING = "recording";

const SCOPE = /^recording(?: channel (?<channel>[A-Za-z0-9][\w-]*))?(?: label (?<label>.*))?$/s;

/** The label of the rows of a switch. */
export function switchLabel({ channel, label }: SwitchScope): string {
  return RECORDING + (channel === undefined ? "" : ` channel ${channel}`) +
    (label === undefined ? "" : ` label ${label}`);
}

/** What the rows of a label in the channel `runtime` switch; `undefined` if they are no switches. */
export function parseSwitchLabel(label: string): SwitchScope | undefined {
  const groups = SCOPE.exec(label)?.groups;
  if (groups === undefined) return undefined;
  return {
    ...groups.channel === undefined ? {} : { channel: groups.channel },
    ...groups.label === undefined ? {} : { label: groups.label },
  };
}

/** Place in the order of scopes, from all to one channel's labels. */
export function narrowness({ channel, label }: SwitchScope): number {
  return (label === undefined ? 0 : 2) + (channel === undefined ? 0 : 1);
}

/** Whether a switch covers a series. */
export function covers({ channel, label }: SwitchScope, series: { channel: string; label: string }): boolean {
  return (channel === undefined || channel === series.channel) &&
    (label === undefined || matchesLabel(label, series.label));
}
