import type { TelemetryDB } from "../analysis/mod.ts";
import type { Files } from "../runtime.ts";
import { renderPage } from "./page.ts";
import { readProfiles } from "./data/profiles.ts";
import { readReportData, type ReportOptions } from "./data/read_report_data.ts";
import type { ReportData } from "./shared/report_data.ts";

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
 * @throws {KymoError} if the selection is wrong.
 * @throws {KymoError} if the rows cannot be read.
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
