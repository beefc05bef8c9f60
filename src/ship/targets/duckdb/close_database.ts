import type { DuckDB } from "../../../analysis/duckdb/duckdb.ts";
import type { Timers } from "../../../runtime.ts";

/** ms to wait for the end of what is running. */
const PATIENCE = 1_000;

/** Closes a database, and waits up to a second for that. What is running goes on: the time of a batch. */
export async function closeDatabase(database: DuckDB | undefined, timers: Timers): Promise<void> {
  if (database === undefined) return;
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const cancel = timers.after(PATIENCE, resolve);
  await Promise.race([database.close(), late]);
  cancel();
}
