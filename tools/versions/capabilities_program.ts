/**
 * Records for a moment, in this isolate and in a worker, and prints as JSON which capabilities are
 * absent in each, with the reasons. Argument: the monitoring directory.
 *
 * @module
 */

import process from "node:process";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { start, status, stop } from "../../mod.ts";

/** The reasons why capabilities are absent, by name. */
async function absentHere(monitoringDir: string): Promise<Record<string, string>> {
  start({ monitoringDir });
  const { capabilities } = status();
  await stop();
  const absent = Object.entries(capabilities).filter(([, { available }]) => !available);
  return Object.fromEntries(absent.map(([name, { reason = "" }]) => [name, reason]));
}

if (isMainThread) {
  const [directory = ""] = process.argv.slice(2);
  const main = await absentHere(directory);
  const worker = new Worker(new URL(import.meta.url));
  const inWorker = await new Promise((resolve, reject) => {
    worker.on("message", resolve).on("error", reject);
    worker.on("online", () => worker.postMessage(directory));
  });
  await worker.terminate();
  console.log(JSON.stringify({ main, worker: inWorker }));
} else {
  parentPort!.once("message", async (directory: string) => parentPort!.postMessage(await absentHere(directory)));
}
