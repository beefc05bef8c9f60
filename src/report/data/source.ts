import type { Selection, Table, TelemetryDB } from "../../analysis/mod.ts";
import { condition } from "../../analysis/frames/selection.ts";
import { CHANNELS } from "../../series.ts";

/** Which rows a report is made of. Series of the runtime stay whatever their labels: they may be why others were slow. */
export type ReportSelection = Selection;

/** What the queries of a report read: the rows selected for it. */
export class Source {
  /** Rows to select `FROM`: Timepoint, Measurement, Label, PID, Channel. */
  readonly relation: string;
  readonly #db: TelemetryDB;

  /** Reads `relation` from `db`. */
  constructor(db: TelemetryDB, relation: string) {
    this.#db = db;
    this.relation = relation;
  }

  /** The rows of `db` that are selected. */
  static of(db: TelemetryDB, { labels, ...rest }: ReportSelection): Source {
    const source = new Source(db, db.all().where(rest).relation);
    if (labels === undefined) return source;
    return source.where(`Channel = '${CHANNELS.runtime}' OR ${condition({ labels })}`);
  }

  /** The rows for which a condition in SQL holds. */
  where(condition: string): Source {
    return new Source(this.#db, `(FROM ${this.relation} WHERE ${condition})`);
  }

  /** Durations that are numbers. */
  get durations(): Source {
    return this.where(`Channel = '${CHANNELS.duration}' AND isfinite(Measurement)`);
  }

  /** Everything else that is a number. */
  get quantities(): Source {
    return this.where(`Channel <> '${CHANNELS.duration}' AND isfinite(Measurement)`);
  }

  /** Series of the runtime. */
  get runtime(): Source {
    return this.where(`Channel = '${CHANNELS.runtime}' AND isfinite(Measurement)`);
  }

  /** The result of a query. */
  query(sql: string): Promise<Table> {
    return this.#db.sql(sql);
  }

  /** The rows of a result; who asks says of what kind they are. */
  async rows<Row>(sql: string): Promise<Row[]> {
    return (await this.query(sql)).rows() as Row[];
  }
}
