import type { Runtime } from "../../runtime.ts";
import { clickhouseLocation } from "../../stores/clickhouse/clickhouse_address.ts";
import { postgresLocation } from "../../stores/postgres/postgres_address.ts";
import { ClickHouseTarget } from "./clickhouse/clickhouse_target.ts";
import { crateLocation } from "./crate/crate_address.ts";
import { CrateTarget } from "./crate/crate_target.ts";
import { DuckDBTarget } from "./duckdb/duckdb_target.ts";
import { ParquetTarget } from "./parquet/parquet_target.ts";
import { PostgresTarget } from "./postgres/postgres_target.ts";
import type { Target } from "./target.ts";
import type { TargetAddress } from "./target_address.ts";

/** The schemes of the addresses of stores. */
export const SCHEMES: readonly string[] = [
  "postgres",
  "clickhouse",
  "clickhouses",
  "crate",
  "crates",
  "duckdb",
  "parquet",
];

/** ms after which an answer that has not come never will. */
const PATIENCE = 60_000;

/** How to reach a store. */
export interface ConnectOptions {
  /** Instead of the one in the address. */
  readonly password?: string | undefined;
  /** ms after which an answer that has not come never will. */
  readonly patience?: number | undefined;
}

/**
 * A store, which is not connected yet.
 *
 * @throws {KymoError} if the address has what it must not.
 */
export function connectTarget(
  runtime: Runtime,
  address: TargetAddress,
  { password, patience = PATIENCE }: ConnectOptions,
): Target {
  const { timers, pid, name: runtimeName } = runtime;
  const shipper = `${runtime.programFacts().host ?? ""}:${pid}`;
  const { scheme, url, name, path = "" } = address;
  if (scheme === "duckdb") {
    return new DuckDBTarget(runtime, { path, name, schema: url.searchParams.get("schema") || "kymo", shipper });
  }
  if (scheme === "parquet") return new ParquetTarget(runtime, { path, name });
  if (scheme === "crate" || scheme === "crates") {
    const { clock } = runtime;
    return new CrateTarget({ ...crateLocation(address, password), shipper, patience, timers, clock });
  }
  if (scheme === "clickhouse" || scheme === "clickhouses") {
    const location = clickhouseLocation(address, { password, environment: runtime.environment }, "ship");
    return new ClickHouseTarget({ ...location, shipper, patience, timers });
  }
  const location = postgresLocation(address, password, "ship");
  return new PostgresTarget({ ...location, shipper, patience, timers, runtimeName });
}
