/**
 * A small HTTP service that records itself, the same on Deno and Bun. The demo runs one of each, in
 * one monitoring directory:
 *
 * ```sh
 * deno run -A examples/demo/service.ts _monitoring
 * ./node_modules/.bin/bun examples/demo/service.ts _monitoring
 * ```
 *
 * It prints one line of JSON when it listens, and one when it has stopped. It stops when its
 * standard input ends, so that it never outlives the program that started it, and on SIGINT and
 * SIGTERM.
 *
 * @module
 */

import * as monitor from "@kymo/kymo";
import { nameRequest, timeHandler } from "@kymo/kymo/http";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { listen } from "./listen.ts";

const temporary = await mkdtemp(join(tmpdir(), "kymo-demo-"));
const journal = await open(join(temporary, "journal.txt"), "a");
await rm(temporary, { recursive: true }); // an open file needs no name, and nothing is left however we end

/** Uses processor time: trial division. */
const countPrimes = monitor.timeIt("count primes")((below: number): number => {
  const primes: number[] = [];
  for (let n = 2; n < below; n++) {
    if (isPrime(n, primes)) primes.push(n);
  }
  return primes.length;
});

function isPrime(n: number, smaller: readonly number[]): boolean {
  for (const prime of smaller) {
    if (prime * prime > n) return true;
    if (n % prime === 0) return false;
  }
  return true;
}

/** Uses memory: ten thousand objects and half a megabyte of text, dropped at once. */
function renderReport(lines: number): string {
  using _ = monitor.time("render report");
  const orders = Array.from(
    { length: lines },
    (_, i) => ({ order: i, customer: `customer ${i % 97}`, cents: i * 7919 % 10_007 }),
  );
  orders.sort((a, b) => b.cents - a.cents);
  return JSON.stringify(orders);
}

/** Waits for the disk: a line is synced before the answer is sent. */
async function writeJournal(line: string): Promise<number> {
  await journal.appendFile(`${line}\n`);
  const id = monitor.startDurationSample();
  try {
    await journal.datasync();
  } finally {
    monitor.stopDurationSample("sync journal", id);
  }
  return (await journal.stat()).size;
}

/** A route of the service. */
interface Route {
  readonly method: string;
  readonly path: URLPattern;
  answer(parameters: Readonly<Record<string, string | undefined>>): Response | Promise<Response>;
}

const ORDERS = 1_000;

const routes: readonly Route[] = [
  { method: "GET", path: pattern("/time"), answer: () => Response.json({ time: new Date() }) },
  {
    method: "GET",
    path: pattern("/orders/:id"),
    answer: ({ id }) =>
      Number(id) <= ORDERS
        ? Response.json({ order: Number(id) })
        : new Response("There is no such order\n", { status: 404 }),
  },
  { method: "GET", path: pattern("/primes"), answer: () => Response.json({ primes: countPrimes(20_000) }) },
  {
    method: "GET",
    path: pattern("/report"),
    answer: () => Response.json({ characters: renderReport(10_000).length }),
  },
  {
    method: "POST",
    path: pattern("/journal"),
    answer: async () => Response.json({ bytes: await writeJournal(new Date().toISOString()) }),
  },
  {
    method: "GET",
    path: pattern("/broken"),
    answer: () => {
      throw new Error("Broken on purpose");
    },
  },
];

function pattern(pathname: string): URLPattern {
  return new URLPattern({ pathname });
}

let inFlight = 0;

async function handle(request: Request): Promise<Response> {
  monitor.observe("requests in flight", ++inFlight);
  try {
    for (const { method, path, answer } of routes) {
      const match = method === request.method ? path.exec(request.url) : null;
      if (match === null) continue;
      nameRequest(request, path.pathname); // so that /orders/1 and /orders/2 share a label
      return await answer(match.pathname.groups);
    }
    return new Response("There is no such page\n", { status: 404 });
  } finally {
    inFlight--;
  }
}

monitor.start({
  monitoringDir: process.argv[2] ?? "_monitoring",
  name: "demo",
  withRuntime: true,
  withProfiler: true,
  samplingInterval: 250,
  onError: (error) => console.error(error.message),
});
const server = listen(timeHandler(handle));
console.log(JSON.stringify({ runtime: monitor.status().runtime, pid: process.pid, url: server.url }));

let stopping = false;

async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  await server.stop();
  await monitor.stop();
  const { recorded, capabilities } = monitor.status();
  console.log(JSON.stringify({ recorded, profiler: capabilities.profiler }));
  process.exit();
}

process.on("SIGINT", stop);
process.on("SIGTERM", stop);
process.stdin.on("end", stop).resume();
