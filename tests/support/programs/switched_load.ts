/**
 * Records all the time until its input ends, then stops and prints what `status()` says, as a line
 * of JSON for each isolate. Arguments: the directory, ms for which it keeps the event loop busy at a
 * time, ms between ten numbers and the next ten, and `worker` if a worker is to do the same.
 *
 * @module
 */

import process from "node:process";
import { runLoad } from "./switched_load_job.ts";

const [monitoringDir = "", busy = "", pause = "", withWorker] = process.argv.slice(2);
const load = { monitoringDir, busy: Number(busy), pause: Number(pause) };
const url = new URL("./switched_load_worker.ts", import.meta.url).href;
const worker = withWorker === "worker" ? new Worker(url, { type: "module" }) : undefined;
const heard = (): Promise<unknown> =>
  new Promise((resolve) => worker?.addEventListener("message", ({ data }) => resolve(data), { once: true }));

if (worker !== undefined) {
  await heard();
  const running = heard();
  worker.postMessage(load);
  await running;
}
const running = runLoad(load);
console.log("running");
for await (const _ of process.stdin) continue;
const said = heard();
worker?.postMessage("end");
const states = [await running.end(), ...worker === undefined ? [] : [await said]];
worker?.terminate();
for (const state of states) console.log(JSON.stringify(state));
