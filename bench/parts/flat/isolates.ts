/**
 * Lets several isolates of one program record concurrently. Prints as JSON the cost of a sample by
 * round, ns of one core. Arguments: directory, number of isolates.
 */

import { availableParallelism } from "node:os";
import process from "node:process";
import { checkOutcome, deletePublished, type Outcome } from "../../harness/published_files.ts";

const ROUNDS = 3;
const NANOSECONDS_PER_MS = 1e6;

/** Samples of each isolate in a round. */
const SAMPLES = 200_000;

const [directory = "", number = ""] = process.argv.slice(2);
const isolates = Number(number);
const cores = Math.min(isolates, availableParallelism());

/** Resolves to the next message of a worker. */
function answer<T>(worker: Worker): Promise<T> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(`Cannot measure: a worker failed: ${message}`));
  });
}

/** Sends a message to all workers, and resolves to their answers. */
function askAll(workers: readonly Worker[], question: string | number): Promise<Outcome[]> {
  return Promise.all(workers.map((worker) => {
    const answered = answer<Outcome>(worker);
    worker.postMessage(question);
    return answered;
  }));
}

const workers: Worker[] = [];
for (let i = 0; i < isolates; i++) {
  const worker = new Worker(new URL("./isolate.ts", import.meta.url), { type: "module" });
  await answer(worker);
  workers.push(worker);
}
await askAll(workers, directory);
await askAll(workers, SAMPLES); // warms up
deletePublished(directory);
const taken: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  const before = performance.now();
  await askAll(workers, SAMPLES);
  taken.push((performance.now() - before) * NANOSECONDS_PER_MS * cores / (isolates * SAMPLES));
  deletePublished(directory);
}
for (const outcome of await askAll(workers, 0)) checkOutcome(outcome, (ROUNDS + 1) * SAMPLES);
for (const worker of workers) worker.terminate();
console.log(JSON.stringify(taken));
process.exit();
