import type { TelemetryDB } from "../../../src/analysis/mod.ts";
import { readReportData } from "../../../src/report/make_report.ts";
import { withTimesOfDay } from "../../../src/report/shared/clock_times.ts";
import type { Finding, ReportData } from "../../../src/report/shared/report_data.ts";
import { explainLabel, type Explanation } from "../../../src/report/why.ts";
import { plain } from "./report_recording.ts";

const options = { title: "", kymo: "0.0.0", made: new Date(0) };

/** What the report of a recording says, and what is known of a label. */
export async function readCauses(
  db: TelemetryDB,
  label: string,
): Promise<{ data: ReportData; why: Explanation | undefined }> {
  const data = await readReportData(db, options);
  return { data, why: await explainLabel(db, label, { ...options, time: String }) };
}

/** All sentences of a card; a time of day is the seconds since the beginning, with so many digits. */
export function sentences({ text, because = "", also = [] }: Finding, digits = 0): string {
  const own = withTimesOfDay(`${text} ${because}`, (at) => `[${(at / 1e9).toFixed(digits)} s]`);
  return [plain(own), ...also.map((of) => sentences(of, digits))].join(" ");
}
