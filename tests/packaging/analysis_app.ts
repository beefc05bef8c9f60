/**
 * An app that analyses the recording of `app.ts` with the installed package, and prints the result
 * or the error. Argument: the directory.
 *
 * @module
 */

import process from "node:process";
import { TelemetryDB } from "@kymo/kymo/analysis";

const [directory = "recorded"] = process.argv.slice(2);

try {
  await using db = await TelemetryDB.open(directory);
  const [work] = await db.duration().where({ labels: "work" }).describe();
  const { timepoints } = await db.duration().timeSeries("/greeting [GET]").data();
  console.log(`${work?.count} of work, ${timepoints.length} of the handler, ${db.reading.unread} unread`);
} catch (error) {
  console.log(String(error));
}
