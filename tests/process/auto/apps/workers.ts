/**
 * An application with a worker of each kind that serves, and one that must not notice anything. It
 * prints the ports of its workers, and the answer of the last.
 */

import { Worker as NodeWorker } from "node:worker_threads";

const file = new URL("./worker_server.ts", import.meta.url);

const web = new Worker(file, { type: "module" });
const port = (worker: Worker): Promise<number> =>
  new Promise((resolve) => worker.addEventListener("message", ({ data }) => resolve(data)));
const node = new NodeWorker(file);
const nodePort = new Promise<number>((resolve) => node.once("message", resolve));

const curious = new Worker(new URL("./curious_worker.ts", import.meta.url), { type: "module" });
curious.postMessage("hello");
const answer = new Promise((resolve) => curious.addEventListener("message", ({ data }) => resolve(data)));

console.log(`${await port(web)} ${await nodePort}`);
console.log(JSON.stringify(await answer));
