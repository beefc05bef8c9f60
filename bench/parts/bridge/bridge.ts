/** What `kymo serve` costs: beside a busy program, and in a directory of 10,000 short-lived ones. */

import * as monitor from "@kymo/kymo";
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { HEADER } from "../../../src/csv/dialect.ts";
import { programFileName, segmentFileName } from "../../../src/files/names.ts";
import { encodeProgramRecord } from "../../../src/files/program_record.ts";
import { commandOf } from "../../harness/child.ts";
import { cpuTimeOf } from "../../harness/cpu_time.ts";
import { hasFfi } from "../../harness/has_ffi.ts";
import { temporaryDirectory } from "../../harness/published_files.ts";
import { reportFindings, spread } from "../../results/figure.ts";

const RATE = 10_000;
const SECONDS = 10;
const ROUTES = Array.from({ length: 20 }, (_, i) => `/route/${i}/:id [GET]`);

const PROGRAMS = 10_000;
const SCRAPES = 20;

const BYTES_PER_MIB = 2 ** 20;

const entry = new URL("../../../src/cli/main.ts", import.meta.url);

/** A `kymo serve` in its own process. */
class Bridge implements AsyncDisposable {
  readonly #child;
  readonly #gone: Promise<unknown>;
  #said = "";

  constructor(directory: string) {
    const [executable, args] = commandOf(entry, { args: ["serve", directory, "--metrics", "0"] });
    this.#child = spawn(executable, args, { stdio: ["ignore", "ignore", "pipe"] });
    this.#gone = new Promise((resolve) => this.#child.on("close", resolve));
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => this.#said += text);
  }

  /** Resolves when it serves. */
  async hasBegun(): Promise<void> {
    for (let i = 0; i < 12_000 && !this.#said.includes("http:"); i++) await sleep(5);
    if (!this.#said.includes("http:")) throw new Error(`Cannot measure: kymo serve does not serve: ${this.#said}`);
  }

  async scrape(): Promise<string> {
    const response = await fetch(/http:\S+/.exec(this.#said)![0]);
    return await response.text();
  }

  /** The rows that it has counted in a channel. */
  async rows(channel: string): Promise<number> {
    return Number(new RegExp(`^kymo_rows_total\\{channel="${channel}"\\} (\\d+)$`, "m").exec(await this.scrape())?.[1]);
  }

  /** CPU time of all its threads, ms. */
  get cpuTime(): number {
    return cpuTimeOf(this.#child.pid);
  }

  /** Resident memory, MiB. */
  get memory(): number {
    const [, pages = "0"] = readFileSync(`/proc/${this.#child.pid}/statm`, "utf8").split(" ");
    return Number(pages) * 4096 / BYTES_PER_MIB;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#gone;
  }
}

/** The part of a core that the bridge takes of a program that takes `RATE` samples a second. */
async function besideProgram(): Promise<number> {
  using directory = temporaryDirectory();
  monitor.start({ monitoringDir: directory.path, withRuntime: false });
  await using bridge = new Bridge(directory.path);
  await bridge.hasBegun();
  let samples = 0;
  const before = { cpu: bridge.cpuTime, time: performance.now() };
  for (let due = 0; due < RATE * SECONDS; await sleep(5)) {
    due = Math.min(RATE * SECONDS, Math.floor((performance.now() - before.time) * RATE / 1000));
    for (; samples < due; samples++) {
      monitor.stopDurationSample(ROUTES[samples % ROUTES.length]!, monitor.startDurationSample());
    }
  }
  const part = (bridge.cpuTime - before.cpu) / (performance.now() - before.time);
  await monitor.stop();
  await sleep(2_500);
  const counted = await bridge.rows("duration");
  if (counted !== samples) throw new Error(`Cannot measure: the bridge counted ${counted} rows of ${samples}`);
  return part;
}

/** What programs leave that lived for a moment. */
function writePrograms(directory: string): void {
  const now = BigInt(Date.now()) * 1_000_000n;
  for (let i = 0; i < PROGRAMS; i++) {
    const owner = { pid: 1_000 + i % 30_000, isolate: (0x0bad0000 + i).toString(16).padStart(8, "0") };
    const rows = (labels: readonly string[]): string =>
      HEADER +
      labels.map((label, j) => `${now + BigInt(i * 100 + j)},0.00${j % 9 + 1}000000,${label},${owner.pid}\r\n`).join(
        "",
      );
    const write = (channel: string, labels: readonly string[]): void =>
      writeFileSync(join(directory, segmentFileName({ owner: { channel, ...owner }, sequence: 1 })), rows(labels));
    write("duration", ROUTES);
    write("runtime", ["user time", "system time", "rss", "gc pause", "event loop lag"]);
    const record = encodeProgramRecord({
      kymo: "0",
      runtime: "deno",
      runtimeVersion: "0",
      ...owner,
      kind: "main",
      name: "job",
      host: "host",
      clock: "clock_gettime",
      started: now,
      options: {},
      end: { how: "exit", at: now + 1_000_000n, counts: { recorded: 25 } },
    });
    writeFileSync(join(directory, programFileName(owner)), record);
  }
}

/** The figures of a directory that many programs have left. */
async function afterPrograms(): Promise<{ scrapes: number[]; first: number; memory: number }> {
  using directory = temporaryDirectory();
  writePrograms(directory.path);
  const begin = performance.now();
  await using bridge = new Bridge(directory.path);
  await bridge.hasBegun();
  const first = performance.now() - begin;
  const counted = await bridge.rows("duration");
  if (counted !== PROGRAMS * ROUTES.length) throw new Error(`Cannot measure: the bridge counted ${counted} rows`);
  await sleep(2_000);
  const scrapes: number[] = [];
  for (let i = 0; i < SCRAPES; i++, await sleep(150)) {
    const start = performance.now();
    await bridge.scrape();
    scrapes.push(performance.now() - start);
  }
  return { scrapes, first, memory: bridge.memory };
}

if (!hasFfi) {
  reportFindings({ figures: [] });
  process.exit();
}
const part = await besideProgram();
const { scrapes, first, memory } = await afterPrograms();
reportFindings({
  figures: [
    {
      what: `part of a core that \`kymo serve\` uses: ${RATE} samples a second`,
      unit: "",
      value: spread([part]),
      goal: { atMost: 0.05 },
    },
    { what: `a scrape after ${PROGRAMS} programs`, unit: "ms", value: spread(scrapes), goal: { atMost: 50 } },
    { what: `from its start to the first answer, after ${PROGRAMS} programs`, unit: "ms", value: spread([first]) },
    { what: `resident memory of \`kymo serve\` after ${PROGRAMS} programs`, unit: "MiB", value: spread([memory]) },
  ],
});
