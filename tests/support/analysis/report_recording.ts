import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TelemetryDB } from "../../../src/analysis/mod.ts";
import { readReportData, type ReportOptions } from "../../../src/report/make_report.ts";
import type { ReportData } from "../../../src/report/shared/report_data.ts";

/** The first timepoint of recordings in tests, epoch ns. */
export const BEGIN = 1_700_000_000_000_000_000n;

/** A row: seconds after {@linkcode BEGIN}, measurement, label, PID. */
export type Row = readonly [seconds: number, measurement: number, label: string, pid?: number];

/** Writes rows as CSV. */
export function csv(rows: Iterable<Row>): string {
  let text = "Timepoint,Measurement,Label,PID\r\n";
  for (const [seconds, measurement, label, pid = 1] of rows) {
    const number = Number.isNaN(measurement) ? "NaN" : String(measurement);
    text += `${BEGIN + BigInt(Math.round(seconds * 1e9))},${number},${label},${pid}\r\n`;
  }
  return text;
}

/** Calls `work` with a directory that has these files, by name; it is removed afterwards. */
export async function inDirectory<Result>(
  files: Readonly<Record<string, string>>,
  work: (directory: string) => Promise<Result>,
): Promise<Result> {
  const directory = mkdtempSync(join(tmpdir(), "kymo-report-"));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Replaces no-break spaces by ordinary ones, which are easier to write. */
export function plain(text: string): string {
  return text.replaceAll("\u00a0", " ");
}

/** Reads a report's data from rows, by channel. */
export async function reportOn(
  rows: Readonly<Record<string, Iterable<Row>>>,
  options: Partial<ReportOptions> = {},
): Promise<ReportData> {
  const files = Object.fromEntries(Object.entries(rows).map(([channel, of]) => [`${channel}.csv`, csv(of)]));
  return await inDirectory(files, async (directory) => {
    await using db = await TelemetryDB.open(directory);
    return await readReportData(db, { title: "test", kymo: "0.0.0", made: new Date(0), ...options });
  });
}
