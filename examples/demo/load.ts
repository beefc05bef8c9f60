import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kymo } from "./command_line.ts";
import type { DemoOptions } from "./options.ts";

/** The requests, with their share in percent. */
const REQUESTS: readonly { readonly method: string; readonly path: () => string; readonly share: number }[] = [
  { method: "GET", path: () => "/time", share: 30 },
  { method: "GET", path: () => `/orders/${1 + randomBelow(1_050)}`, share: 30 }, // the last 50 do not exist
  { method: "GET", path: () => "/primes", share: 18 },
  { method: "GET", path: () => "/report", share: 5 },
  { method: "POST", path: () => "/journal", share: 10 },
  { method: "GET", path: () => "/broken", share: 5 },
  { method: "GET", path: () => "/wp-login.php", share: 2 }, // as scanners do
];

/** Requests of one round, to each server: ten times the percentages, so that orders have many numbers. */
const ROUND = 1_000;

function randomBelow(end: number): number {
  return Math.floor(Math.random() * end);
}

/**
 * Loads the servers with `kymo load` for the given duration, or until `signal`. It records how long
 * the requests take for their client, in the directory of the servers.
 *
 * @throws {Error} if it fails.
 */
export async function loadServers(
  urls: readonly string[],
  { dir, duration, rate, connections }: DemoOptions,
  signal: AbortSignal,
): Promise<void> {
  const temporary = await mkdtemp(join(tmpdir(), "kymo-demo-"));
  try {
    const targets = join(temporary, "targets.txt");
    await writeFile(targets, round(urls).map((line) => `${line}\n`).join(""));
    const pace = rate === 0 ? [] : ["--rate", String(rate)];
    const args = ["--duration", `${duration}s`, "--connections", String(connections * urls.length), "--dir", dir];
    await kymo("load", ["--targets", targets, ...pace, ...args], signal);
  } finally {
    await rm(temporary, { recursive: true });
  }
}

/** The requests of a round in random order, as `kymo load` takes them: to one server after the other. */
function round(urls: readonly string[]): string[] {
  const requests = REQUESTS.flatMap(({ method, path, share }) =>
    Array.from({ length: ROUND * share / 100 }, () => ({ method, path: path(), order: Math.random() }))
  );
  requests.sort((a, b) => a.order - b.order);
  return requests.flatMap(({ method, path }) => urls.map((url) => `${method} ${url}${path}`));
}
