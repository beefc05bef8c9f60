import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { referenceParse } from "../reference_csv.ts";
import type { ClickHouseServer, ClickHouseVersion } from "./clickhouse_server.ts";
import type { PostgresServer } from "./postgres_server.ts";

/** A row as text, so that rows can be sorted and compared: time, value, label, PID and channel. */
export function rowText(
  timepoint: string | bigint,
  measurement: number,
  label: string,
  pid: string | number,
  channel: string,
): string {
  const value = Object.is(measurement, -0) ? "-0" : String(measurement);
  return JSON.stringify([String(timepoint), value, label, Number(pid), channel]);
}

/** All rows of the CSV files in a directory, sorted. The channel is what the name begins with. */
export function rowsInFiles(directory: string): string[] {
  return readdirSync(directory).filter((name) => name.endsWith(".csv") && !name.startsWith(".")).flatMap((name) => {
    const channel = name.split(".", 1)[0]!;
    return referenceParse(readFileSync(join(directory, name), "utf8"))
      .map(({ timepoint, measurement, label, pid }) => rowText(timepoint, measurement, label, pid, channel));
  }).sort();
}

/** All rows in a PostgreSQL server, sorted. */
export function rowsInPostgres(server: PostgresServer, schema = "kymo"): string[] {
  return server.query(`SELECT timepoint, measurement, label, pid, channel FROM ${schema}.observation`)
    .map(([timepoint = "", measurement = "", label = "", pid = "", channel = ""]) =>
      rowText(timepoint, Number(measurement), label, pid, channel)
    ).sort();
}

/** All rows in a ClickHouse server, sorted. */
export async function rowsInClickHouse(server: ClickHouseServer, database = "kymo"): Promise<string[]> {
  const rows = await server.query(
    `SELECT toString(timepoint), toString(measurement), label, pid, channel FROM ${database}.observation`,
  );
  return rows.map(([timepoint, measurement, label, pid, channel]) => {
    const value = { "inf": Infinity, "-inf": -Infinity }[String(measurement)] ?? Number(measurement);
    return rowText(String(timepoint), value, String(label), Number(pid), String(channel));
  }).sort();
}

/** Rows as a version tells them apart: that of 2018 reads doubles to some 15 digits, and the smallest as 0. */
export function asStoredIn(version: ClickHouseVersion, rows: readonly string[]): string[] {
  if (version !== "18.16") return [...rows];
  return rows.map((row) => {
    const [timepoint, measurement, ...others] = JSON.parse(row);
    return JSON.stringify([timepoint, Number(measurement === "5e-324" ? "0" : measurement).toPrecision(14), ...others]);
  }).sort();
}
