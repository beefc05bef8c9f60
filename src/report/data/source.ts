/**
 * The rows that a report is made of.
 *
 * @module
 */

import { isOutgoing, OUTGOING } from "../../display/outgoing.ts";
import { condition } from "../../analysis/frames/selection.ts";
import { IS_NO_SWITCH } from "../../analysis/frames/switches.ts";
import type { Selection, Table, TelemetryDB } from "../../analysis/mod.ts";
import { CHANNELS, DURATION_CHANNELS } from "../../series.ts";

/**
 * Which rows a report is made of. Series of the runtime are kept whatever labels are selected: they
 * may explain why others were slow.
 */
export type ReportSelection = Selection;

/**
 * SQL of what a report adds up and draws: NaN and infinities are left out, and numbers so large that
 * a sum of them could be infinite, which would take the figures of other series with it.
 */
export const CAN_BE_ADDED = "abs(Measurement) < 1e290";

const CHANNELS_OF_DURATIONS = DURATION_CHANNELS.map((channel) => `'${channel}'`).join(", ");

/** A series as it was recorded. */
export interface RecordedSeries {
  readonly channel: string;
  readonly label: string;
}

/** The label in a report of the outgoing requests that were recorded with a label. */
export function outgoingLabel(label: string): string {
  return OUTGOING + label;
}

/** The series of durations that has this label in a report. */
export function recordedSeries(label: string): RecordedSeries {
  return isOutgoing(label)
    ? { channel: CHANNELS.client, label: label.slice(OUTGOING.length) }
    : { channel: CHANNELS.duration, label };
}

/** The selected rows of a database, for the queries of a report. */
export class Source {
  /**
   * SQL to select `FROM`: Timepoint, Measurement, Label, PID, Isolate and Channel; and once the
   * processes are known, `process` (its index in the report) and `isOwner` (whether series of the
   * whole process are shown as this isolate recorded them, or as another did).
   */
  readonly relation: string;
  readonly #db: TelemetryDB;

  /** Reads `relation` from `db`. */
  constructor(db: TelemetryDB, relation: string) {
    this.#db = db;
    this.relation = relation;
  }

  /** The selected rows of `db`. */
  static of(db: TelemetryDB, { labels, ...rest }: ReportSelection): Source {
    const source = new Source(db, db.all().where(rest).relation);
    if (labels === undefined) return source;
    return source.where(`Channel IN ('${CHANNELS.runtime}', '${CHANNELS.mark}') OR ${condition({ labels })}`);
  }

  /** The rows that fulfil a condition in SQL. */
  where(condition: string): Source {
    return new Source(this.#db, `(FROM ${this.relation} WHERE ${condition})`);
  }

  /** The same rows as another relation has them, with the columns that tell the processes. */
  ofProcesses(relation: string): Source {
    return new Source(this.#db, relation);
  }

  /**
   * Rows of durations whose values can be added. The labels of outgoing requests begin with
   * {@linkcode OUTGOING}.
   */
  get durations(): Source {
    const { relation } = this.where(`Channel IN (${CHANNELS_OF_DURATIONS}) AND ${CAN_BE_ADDED}`);
    const label = `if(Channel = '${CHANNELS.client}', '${OUTGOING}' || Label, Label)`;
    return new Source(this.#db, `(SELECT * REPLACE (${label} AS Label) FROM ${relation})`);
  }

  /** All other rows whose values can be added, but marks, and those that say when recording was off. */
  get quantities(): Source {
    const others = `Channel NOT IN (${CHANNELS_OF_DURATIONS}, '${CHANNELS.mark}')`;
    return this.where(`${others} AND ${CAN_BE_ADDED} AND ${IS_NO_SWITCH}`);
  }

  /** What programs marked. */
  get marks(): Source {
    return this.where(`Channel = '${CHANNELS.mark}'`);
  }

  /** Rows of the runtime whose values can be added. */
  get runtime(): Source {
    return this.where(`Channel = '${CHANNELS.runtime}' AND ${CAN_BE_ADDED}`);
  }

  /** Runs a query. */
  query(sql: string): Promise<Table> {
    return this.#db.sql(sql);
  }

  /** Runs a query and returns its rows, whose type the caller knows. */
  async rows<Row>(sql: string): Promise<Row[]> {
    return (await this.query(sql)).rows() as Row[];
  }
}
