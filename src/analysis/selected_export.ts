import type { Runtime } from "../runtime.ts";
import { exportParquet } from "./parquet.ts";
import { conditionOf, type SummarySelection } from "./summary.ts";
import type { TelemetryDB } from "./telemetry_db.ts";

/**
 * Writes the observations that are selected to a Parquet file, and returns how many there are. A file that is there is replaced, by a whole one or
 * not at all.
 *
 * @throws {StorageError} if it cannot be written.
 */
export async function exportSelection(
  db: TelemetryDB,
  selection: SummarySelection,
  path: string,
  runtime: Runtime,
): Promise<{ rows: number }> {
  const relation = `(SELECT * FROM ${db.all().relation} WHERE ${conditionOf(selection)})`;
  return await exportParquet(db, relation, path, runtime);
}
