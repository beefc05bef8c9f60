import type { TelemetryDB } from "../analysis/mod.ts";
import type { Files } from "../runtime.ts";
import { renderPage } from "./page.ts";
import { readProfiles } from "./profiles.ts";
import { readReportData, type ReportOptions } from "./read_report_data.ts";
import type { ReportData } from "./report_data.ts";

/** A report. */
export interface Report {
  /** The page. */
  readonly html: string;
  /** What it shows. */
  readonly data: ReportData;
}

/**
 * Makes the report of what `db` holds, and of the CPU profiles in the directories among `sources`.
 *
 * @throws {UsageError} if the selection is wrong.
 * @throws {StorageError} if the rows cannot be read.
 */
export async function makeReport(
  db: TelemetryDB,
  sources: readonly string[],
  { files, ...options }: Omit<ReportOptions, "profiles" | "problems"> & { readonly files: Files },
): Promise<Report> {
  const data = await readReportData(db, {
    ...options,
    ...readProfiles(sources, files, options.selection?.pids),
  });
  return { html: await renderPage(data), data };
}
