import { Buffer } from "node:buffer";
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HEADER } from "../../../src/csv/dialect.ts";
import { CsvEncoder } from "../../../src/csv/encode.ts";
import { segmentFileName } from "../../../src/files/names.ts";
import { Segment } from "../../../src/segment/segment.ts";
import { SERIES, valueKindOf } from "../../../src/series.ts";
import { randomNumbers } from "../../harness/random.ts";

const MINUTES = 1_440;
const MINUTE = 60_000_000_000;
const BEGIN = BigInt(Date.UTC(2026, 10, 27)) * 1_000_000n;

/** Requests in a minute, seven in a second. */
const REQUESTS = 440;

const ROUTES = ["/orders [GET]", "/orders/:id [GET]", "/orders [POST]", "/reports/:year/:month [GET]", "/health [GET]"];

/** Series of the runtime, each sampled once a second. */
const SAMPLED = [
  SERIES.rss,
  SERIES.maxRss,
  SERIES.heapUsed,
  SERIES.heapTotal,
  SERIES.external,
  SERIES.userTime,
  SERIES.systemTime,
  SERIES.eventLoopLag,
  SERIES.gcCollections,
  SERIES.gcCollected,
];

/** Rows of the day. */
export const ROWS: number = MINUTES * (REQUESTS + 60 * SAMPLED.length);

/** Files of the day. */
export const FILES: number = 2 * MINUTES;

/**
 * Writes what one process that flushes once a minute records in a day: requests at random times, with
 * durations around two milliseconds, and the series of the runtime. The same each time.
 */
export function recordDay(): Disposable & { readonly directory: string } {
  const directory = mkdtempSync(join(tmpdir(), "kymo-bench-"));
  const random = randomNumbers();
  const totals = new Map<string, number>();
  for (let minute = 0; minute < MINUTES; minute++) {
    publish(directory, "duration", minute, REQUESTS, (segment) => {
      for (let i = 0, at = 1; i < REQUESTS; i++) {
        at += Math.floor(random() * 2 * 0.99 * MINUTE / REQUESTS);
        const duration = 2e6 * Math.exp(random() + random() + random() - 1.5);
        segment.add(ROUTES[Math.floor(random() * random() * ROUTES.length)]!, Math.round(duration), at);
      }
    });
    publish(directory, "runtime", minute, 60 * SAMPLED.length, (segment) => {
      for (let second = 0; second < 60; second++) {
        for (const [i, label] of SAMPLED.entries()) {
          const at = Math.floor(second * 1e9 + 1_000_000 * random() + 1_000 * i);
          segment.add(label, valueOf(label, random(), totals), at);
        }
      }
    });
  }
  return { directory, [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }) };
}

/**
 * A value such as a program has it: CPU times and counts that grow, a heap that moves all the time,
 * pages that come and go now and then, and a peak that was reached in the beginning.
 */
function valueOf(label: string, random: number, totals: Map<string, number>): number {
  const add = (step: number, begin = 0): number => {
    const total = (totals.get(label) ?? begin) + step;
    totals.set(label, total);
    return total;
  };
  switch (label) {
    case SERIES.userTime:
    case SERIES.systemTime:
      return add(Math.round(random * 20_000)) / 1e6;
    case SERIES.gcCollections:
      return add(random < 0.2 ? 1 : 0);
    case SERIES.gcCollected:
      return add(random < 0.2 ? 8 * Math.round(random * 10_000_000) : 0);
    case SERIES.eventLoopLag:
      return Math.round(300_000 * random) / 1e9;
    case SERIES.heapUsed:
      return 20_000_000 + 8 * Math.floor(random * 1_000_000);
    case SERIES.rss:
      return add(random < 0.1 ? 4_096 * Math.round((random - 0.05) * 1_000) : 0, 61_440_000);
    default:
      return add(random < 0.01 ? 4_096 * Math.round((random - 0.005) * 1_000) : 0, 81_920_000);
  }
}

function publish(
  directory: string,
  channel: string,
  minute: number,
  rows: number,
  fill: (segment: Segment) => void,
): void {
  const owner = { pid: 4711, isolate: "0badcafe", channel, kind: valueKindOf(channel) };
  const segment = new Segment(new ArrayBuffer(64 * rows + 4096), owner);
  segment.open(minute + 1, BEGIN + BigInt(minute * MINUTE));
  fill(segment);
  const encoder = new CsvEncoder();
  const pieces = [new TextEncoder().encode(HEADER)];
  for (let row = 0; row < segment.count;) {
    const { bytes, next } = encoder.encode(segment, row);
    pieces.push(bytes.slice());
    row = next;
  }
  const path = join(directory, segmentFileName({ owner, sequence: minute + 1 }));
  writeFileSync(path, Buffer.concat(pieces));
  const seconds = Number(BEGIN / 1_000_000_000n) + 60 * (minute + 1);
  utimesSync(path, seconds, seconds);
}
