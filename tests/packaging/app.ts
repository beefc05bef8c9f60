/**
 * An app that records with the installed package, through its entries for recording, and checks its
 * files. Argument: the directory.
 *
 * @module
 */

import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { observe, start, startDurationSample, status, stop, stopDurationSample } from "@kymo/kymo";
import { openChannel, parse } from "@kymo/kymo/core";
import { timeHandler } from "@kymo/kymo/http";

const [directory = "recorded"] = process.argv.slice(2);
const samples = 1_000;

/** Number of rows of a channel, by label. */
function countRows(channel: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of readdirSync(directory).filter((name) => name.startsWith(`${channel}.`))) {
    const [header, ...rows] = readFileSync(`${directory}/${name}`, "utf8").trimEnd().split("\r\n");
    if (header !== "Timepoint,Measurement,Label,PID") throw new Error(`Unexpected header: ${header}`);
    for (const row of rows) {
      const label = row.split(",")[2] ?? "";
      counts[label] = (counts[label] ?? 0) + 1;
    }
  }
  return counts;
}

function expect(what: string, actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`${what}: expected ${expected}, got ${actual}`);
}

start({ monitoringDir: directory, withRuntime: { whileBlocked: true } });
for (let i = 0; i < samples; i++) stopDurationSample("work", startDurationSample());
observe("queue length", 17);
const handle = timeHandler((_request: Request) => new Response("hello"));
await (await handle(new Request("http://localhost/greeting"))).text();
await stop();

const sales = openChannel("sales", { monitoringDir: directory });
sales.observe("price", 12.5);
await sales.close();
const [sale] = readdirSync(directory).filter((name) => name.startsWith("sales."))
  .flatMap((name) => parse(readFileSync(`${directory}/${name}`, "utf8")));

expect("durations of work", countRows("duration")["work"], samples);
expect("durations of the handler", countRows("duration")["/greeting [GET]"], 1);
expect("observations", countRows("custom")["queue length"], 1);
expect("measurement of the channel", sale?.measurement, 12.5);
expect("rows dropped", status().dropped, 0);
expect("errors", status().errors, 0);
console.log(`${status().runtime}: ${status().flushed} rows in ${directory}`);
