import type { Runtime } from "../../runtime.ts";
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
 * Loads what the kind of store needs, and nothing of the others; returns a function that makes a
 * target, which is not connected yet.
 *
 * @throws {KymoError} if the address has what it must not.
 */
export async function targetConnector(
  runtime: Runtime,
  address: TargetAddress,
  { password, patience = PATIENCE }: ConnectOptions,
): Promise<() => Target> {
  const { timers, clock, pid, name: runtimeName, environment } = runtime;
  const shipper = `${runtime.programFacts().host ?? ""}:${pid}`;
  const { scheme, url, name, path = "" } = address;
  if (scheme === "duckdb") {
    const { DuckDBTarget } = await import("./duckdb/duckdb_target.ts");
    const schema = url.searchParams.get("schema") || "kymo";
    return () => new DuckDBTarget(runtime, { path, name, schema, shipper });
  }
  if (scheme === "parquet") {
    const { ParquetTarget } = await import("./parquet/parquet_target.ts");
    return () => new ParquetTarget(runtime, { path, name });
  }
  if (scheme === "crate" || scheme === "crates") {
    const { crateLocation } = await import("./crate/crate_address.ts");
    const { CrateTarget } = await import("./crate/crate_target.ts");
    const location = crateLocation(address, password);
    return () => new CrateTarget({ ...location, shipper, patience, timers, clock });
  }
  if (scheme === "clickhouse" || scheme === "clickhouses") {
    const { clickhouseLocation } = await import("../../stores/clickhouse/clickhouse_address.ts");
    const { ClickHouseTarget } = await import("./clickhouse/clickhouse_target.ts");
    const location = clickhouseLocation(address, { password, environment }, "ship");
    return () => new ClickHouseTarget({ ...location, shipper, patience, timers });
  }
  const { postgresLocation } = await import("../../stores/postgres/postgres_address.ts");
  const { PostgresTarget } = await import("./postgres/postgres_target.ts");
  const location = postgresLocation(address, password, "ship");
  return () => new PostgresTarget({ ...location, shipper, patience, timers, clock, runtimeName });
}
